import { afterEach, describe, expect, it } from 'vitest';
import { engines, newest } from '../support/engines.ts';
import { expectDone } from '../support/migration/execution.ts';
import { beginJourney, expectInStep, expectNothingLost, type Journey } from '../support/migration/journey.ts';
import { readNodes, type Stage } from '../support/migration/stage.ts';
import { killInNextStep, strikeIn } from '../support/migration/strikes.ts';
import { until } from '../support/until.ts';

const oldest = (name: 'redis' | 'valkey') => {
  const found = engines().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const STANDALONE = ['--topology', 'standalone'];
const SENTINEL = ['--topology', 'sentinel', '--replicas', '1'];
const CLUSTER = ['--topology', 'cluster', '--shards', '3', '--replicas', '1'];
const GRACE = ['--grace', '1'];

let journey: Journey | undefined;
afterEach(async () => {
  await journey?.dispose();
  journey = undefined;
});

/** Many commands, each of them stopped and begun again. */
const LONG_MS = 240_000;

/** Each of these goes through steps that no other one here has. */
const resumed = {
  'standalone to a cluster': { from: STANDALONE, to: CLUSTER, kind: 'cluster', primaries: 3 },
  'a cluster to Sentinel': { from: CLUSTER, to: SENTINEL, kind: 'sentinel', primaries: 1 },
} as const;
const rolledBack = {
  'standalone to Sentinel': { from: STANDALONE, to: SENTINEL, kind: 'sentinel', primaries: 1 },
  'Sentinel to a cluster': { from: SENTINEL, to: CLUSTER, kind: 'cluster', primaries: 3 },
} as const;

const begin = async (create: readonly string[], isOld: boolean): Promise<Journey> => {
  journey = await beginJourney({
    engine: isOld ? oldest('redis') : newest('redis'),
    create,
    library: isOld ? 'node-redis' : 'ioredis',
    plain: isOld ? 'ioredis' : 'node-redis',
    rate: 200,
  });
  return journey;
};

async function arrived(there: Journey, kind: string, primaries: number): Promise<void> {
  await there.redeploy();
  expectNothingLost(await there.end());
  await expectInStep(there.stage, kind, primaries);
}

describe('the command is killed in every step, and goes on each time', () => {
  it.each(Object.entries(resumed))(
    '%s',
    { timeout: LONG_MS },
    async (title, { from, to, kind, primaries }) => {
      const there = await begin(from, title.length % 2 === 0);
      const { stage } = there;
      const seen = new Set<string>();
      let execution = stage.migrate(...to, ...GRACE);
      while (await killInNextStep(stage, execution, seen)) execution = stage.migrate('--resume', ...GRACE);
      expect(seen.size).toBeGreaterThan(5);
      await arrived(there, kind, primaries);
    },
  );
});

describe('the command is killed in every step, and rolled back each time', () => {
  it.each(Object.entries(rolledBack))(
    '%s',
    { timeout: LONG_MS },
    async (title, { from, to, kind, primaries }) => {
      const there = await begin(from, title.length % 2 === 1);
      const { stage } = there;
      const before = await stage.stack.status();
      const seen = new Set<string>();
      // The last time it is killed too late to go back, or not at all.
      while (await killInNextStep(stage, stage.migrate(...to, ...GRACE), seen)) {
        const back = await stage.migrate('--rollback', ...GRACE).ended;
        if (back.code !== 0) {
          expect(back.err).toContain('no way back');
          expectDone(await stage.migrate('--resume', ...GRACE).ended);
          break;
        }
        expect((await stage.stack.status()).nodes.map(({ name }) => name)).toEqual(
          before.nodes.map(({ name }) => name),
        );
        await there.emitted.flows(50);
      }
      expect(seen.size).toBeGreaterThan(2);
      await arrived(there, kind, primaries);
    },
  );
});

const namesOf = ({ stack }: Stage): readonly string[] => readNodes(stack).map(({ name }) => name);

describe('a node dies while data moves', () => {
  async function goOn(there: Journey): Promise<void> {
    expectDone(await there.stage.migrate('--resume', ...GRACE).ended);
  }

  it('the node that copies: the command stops, nothing is lost, and it goes on', async () => {
    const there = await begin(STANDALONE, true);
    const execution = there.stage.migrate(...CLUSTER, ...GRACE);
    const old = new Set(namesOf(there.stage));
    const done = await strikeIn(there.stage, execution, 'copy', async () => {
      const fresh = await until('it runs', () => namesOf(there.stage).find((name) => !old.has(name)));
      await there.stage.stack.signal(fresh);
    });
    expect(done).toMatchObject({ code: 1 });
    expect(done.err).toContain('--resume');
    await there.emitted.flows(50);
    await goOn(there);
    await arrived(there, 'cluster', 3);
  });

  it('the one old server, while it is copied: the same, once it runs again', async () => {
    const there = await begin(STANDALONE, false);
    const [name = ''] = namesOf(there.stage);
    const execution = there.stage.migrate(...CLUSTER, ...GRACE, '--timeout', '10');
    const done = await strikeIn(there.stage, execution, 'copy', () => there.stage.stack.signal(name));
    expect(done).toMatchObject({ code: 1 });
    await goOn(there);
    await arrived(there, 'cluster', 3);
  });

  it('the new primary, right after it has taken over', async () => {
    const there = await begin(STANDALONE, true);
    const old = new Set(namesOf(there.stage));
    const execution = there.stage.migrate(...CLUSTER, ...GRACE, '--timeout', '10');
    const done = await strikeIn(there.stage, execution, 'clients', async () => {
      const fresh = namesOf(there.stage).find((name) => !old.has(name));
      await there.stage.stack.signal(fresh ?? '');
    });
    if (done.code !== 0) await goOn(there);
    await arrived(there, 'cluster', 3);
  });

  it('the primary of a Sentinel group, while it is copied', async () => {
    const there = await begin(SENTINEL, true);
    const primary = (await there.stage.stack.status()).nodes.find(({ role }) => role === 'primary');
    const execution = there.stage.migrate(...CLUSTER, ...GRACE);
    const done = await strikeIn(there.stage, execution, 'copy', () =>
      there.stage.stack.signal(primary?.name ?? ''),
    );
    if (done.code !== 0) await goOn(there);
    await arrived(there, 'cluster', 3);
  });

  it('a Sentinel, while data is copied', async () => {
    const there = await begin(SENTINEL, false);
    const execution = there.stage.migrate(...CLUSTER, ...GRACE);
    const done = await strikeIn(there.stage, execution, 'copy', () => there.stage.stack.signal('sentinel-1'));
    if (done.code !== 0) await goOn(there);
    await arrived(there, 'cluster', 3);
  });
});
