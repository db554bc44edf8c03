import { expect } from 'vitest';
import type { Finished } from '../../live/stack.ts';
import type { Engine } from '../engines.ts';
import { type Harvest, harvest, type Seed, sow } from './data.ts';
import { type Judge, startJudge } from './judge.ts';
import { type JournalView, KEY_PREFIX, openStage, type Stage, untilJournal } from './stage.ts';
import type { Account, Library, PlainTarget } from './types.ts';
import { type Verdict, verify } from './verdict.ts';

export interface JourneyOptions {
  readonly engine: Engine;
  /** Of `create`, for the stack as it is to begin with. */
  readonly create: readonly string[];
  /** The library of the emitted client. */
  readonly library: Library;
  /** The library of a second application that knows nothing of the first. */
  readonly plain: Library;
  readonly keys?: number;
  readonly rate?: number;
}

/** When and with what the application with the plain client is deployed anew while the migration goes on. */
export interface Redeployment {
  readonly when: (journal: JournalView) => boolean;
  readonly as: (before: PlainTarget, stage: Stage) => PlainTarget | Promise<PlainTarget>;
}

/** A stack with data in it, and two applications that write to it. */
export interface Journey {
  readonly stage: Stage;
  readonly emitted: Judge;
  readonly plain: Judge;
  /** Migrates while both write. The plain one is deployed anew as asked, or else when the command is done. */
  migrate(flags: readonly string[], redeployment?: Redeployment): Promise<Finished>;
  /** From now on the plain one writes as one that knows the stack as it is. */
  redeploy(): Promise<void>;
  /** Lets both go on for a while, ends them, and gives what they saw and what is there. */
  end(): Promise<Outcome>;
  dispose(): Promise<void>;
}

export interface Outcome {
  readonly emitted: Account;
  readonly plain: Account;
  readonly verdicts: readonly Verdict[];
  readonly before: Harvest;
  readonly after: Harvest;
}

const SOME = 100;

export async function beginJourney(options: JourneyOptions): Promise<Journey> {
  const { engine, create, library, plain: driver, keys = 5000, rate = 300 } = options;
  const stage = await openStage(engine, '--workload', 'primary-data', '--library', library, ...create);
  const judges: Judge[] = [];
  const dispose = async (): Promise<void> => {
    for (const judge of judges) judge.dispose();
    await stage.dispose();
  };
  try {
    const seed: Seed = { prefix: `${KEY_PREFIX}seed:`, count: keys, largeFields: 3000 };
    await sow(seed, await stage.dataNodes(), stage.admin);
    const before = await harvest(seed, await stage.dataNodes(), stage.admin);
    const begin = async (target: Parameters<typeof startJudge>[0]['target'], name: string) => {
      const judge = await startJudge({ target, keyPrefix: `${KEY_PREFIX}${name}:`, rate: rate / 2 });
      judges.push(judge);
      return judge;
    };
    const target = await stage.plain(driver);
    const emitted = await begin(await stage.emitted(), 'emitted');
    const plain = await begin(target, 'plain');
    await Promise.all([emitted.flows(SOME), plain.flows(SOME)]);
    const both = { stage, emitted, plain };
    const redeploy = async () => plain.switchTo(await stage.plain(driver));
    return {
      ...both,
      redeploy,
      migrate: async (flags, redeployment) => {
        const execution = stage.migrate(...flags);
        const deployed = redeployment
          ? untilJournal(stage, 'it is time to deploy anew', redeployment.when)
              .then(() => redeployment.as(target, stage))
              .then((next) => plain.switchTo(next))
          : undefined;
        // What the command says of itself is worth more than that the other has waited in vain.
        deployed?.catch(() => undefined);
        const done = await execution.ended;
        if (done.code === 0) await deployed;
        return done;
      },
      end: () => end(both, seed, before),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function end(
  { stage, emitted, plain }: Pick<Journey, 'stage' | 'emitted' | 'plain'>,
  seed: Seed,
  before: Harvest,
): Promise<Outcome> {
  await Promise.all([emitted.flows(SOME), plain.flows(SOME)]);
  const written = await Promise.all([emitted.stop(), plain.stop()]);
  const nodes = await stage.dataNodes();
  const [first, second] = written;
  return {
    emitted: first.account,
    plain: second.account,
    verdicts: [
      await verify(first.ledger, emitted.keyPrefix, nodes, stage.admin),
      await verify(second.ledger, plain.keyPrefix, nodes, stage.admin),
    ],
    before,
    after: await harvest(seed, nodes, stage.admin),
  };
}

/** What must be true after every migration, however it went. */
export function expectNothingLost({ verdicts, before, after }: Outcome): void {
  expect(verdicts.map(({ flaws }) => flaws)).toEqual([[], []]);
  for (const { looked } of verdicts) expect(looked.unique).toBeGreaterThan(SOME);
  expect(after).toEqual(before);
}

/** Running, whole, and as its files say. */
export async function expectInStep({ stack }: Stage, topology: string, primaries: number): Promise<void> {
  const status = await stack.status();
  expect(status).toMatchObject({ topology, ready: true, missing: [] });
  expect(status.nodes.filter(({ role }) => role === 'primary')).toHaveLength(primaries);
  expect(status.nodes.filter(({ state }) => state !== 'up')).toEqual([]);
  const { code, out } = await stack.command('check', stack.dir, '--only', 'files', '--json');
  expect({ code, out }).toMatchObject({ code: 0 });
  // Nothing of the migration is left behind.
  expect((await stack.command('update', stack.dir, '--dry-run')).code).toBe(0);
}
