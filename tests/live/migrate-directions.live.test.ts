import { afterEach, describe, expect, it } from 'vitest';
import { engines, newest } from '../support/engines.ts';
import { expectDone } from '../support/migration/execution.ts';
import {
  beginJourney,
  expectInStep,
  expectNothingLost,
  type Journey,
  type JourneyOptions,
  type Redeployment,
} from '../support/migration/journey.ts';
import { asCluster, asStandalone } from '../support/migration/redeploy.ts';

const oldest = (name: 'redis' | 'valkey') => {
  const found = engines().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

let journey: Journey | undefined;
afterEach(async () => {
  await journey?.dispose();
  journey = undefined;
});

const STANDALONE = ['--topology', 'standalone'];
const SENTINEL = ['--topology', 'sentinel', '--replicas', '1'];
const CLUSTER = ['--topology', 'cluster', '--shards', '3', '--replicas', '1'];
/** Seconds that plain clients get; they are deployed anew within one. */
const GRACE = ['--grace', '4'];

interface Direction {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly primaries: number;
  readonly options: Omit<JourneyOptions, 'create'>;
  /** Where the plain application cannot go on as it was. */
  readonly redeployment?: Redeployment;
}

const directions: Readonly<Record<string, Direction>> = {
  'standalone to Sentinel, Redis 7, node-redis': {
    from: STANDALONE,
    to: SENTINEL,
    primaries: 1,
    options: { engine: oldest('redis'), library: 'node-redis', plain: 'ioredis' },
  },
  'standalone to a cluster, Redis 8, ioredis': {
    from: STANDALONE,
    to: CLUSTER,
    primaries: 3,
    options: { engine: newest('redis'), library: 'ioredis', plain: 'node-redis' },
    redeployment: asCluster,
  },
  'Sentinel to a cluster, Valkey 9, node-redis': {
    from: SENTINEL,
    to: CLUSTER,
    primaries: 3,
    options: { engine: newest('valkey'), library: 'node-redis', plain: 'ioredis' },
    redeployment: asCluster,
  },
  'a cluster to Sentinel, Redis 8, node-redis': {
    from: CLUSTER,
    to: SENTINEL,
    primaries: 1,
    options: { engine: newest('redis'), library: 'node-redis', plain: 'ioredis' },
    redeployment: asStandalone,
  },
  'a cluster to standalone, Valkey 8.0, ioredis': {
    from: CLUSTER,
    to: STANDALONE,
    primaries: 1,
    options: { engine: oldest('valkey'), library: 'ioredis', plain: 'node-redis' },
    redeployment: asStandalone,
  },
  'Sentinel to standalone, Valkey 9, ioredis': {
    from: SENTINEL,
    to: STANDALONE,
    primaries: 1,
    options: { engine: newest('valkey'), library: 'ioredis', plain: 'ioredis' },
    redeployment: asStandalone,
  },
};

const kindOf = (flags: readonly string[]): string => flags[1] ?? '';

describe('a stack changes its topology while two applications write', () => {
  it.each(Object.entries(directions))('%s', async (_, direction) => {
    const { from, to, primaries, options, redeployment } = direction;
    journey = await beginJourney({ ...options, create: from });
    const done = await journey.migrate([...to, ...GRACE, '--json'], redeployment);
    expectDone(done);
    await journey.redeploy();
    const outcome = await journey.end();
    expectNothingLost(outcome);
    // The client of the stack was told nothing, and its application noticed nothing.
    expect(outcome.emitted).toMatchObject({ failed: 0, unanswered: 0 });
    await expectInStep(journey.stage, kindOf(to), primaries);
  });

  it('a cluster gets a shard and gives it back, Redis 7, node-redis', async () => {
    journey = await beginJourney({
      engine: oldest('redis'),
      create: CLUSTER,
      library: 'node-redis',
      plain: 'node-redis',
    });
    const four = ['--topology', 'cluster', '--shards', '4', '--replicas', '1'];
    expectDone(await journey.migrate([...four, ...GRACE, '--json']));
    await expectInStep(journey.stage, 'cluster', 4);
    expectDone(await journey.migrate([...CLUSTER, ...GRACE, '--json']));
    const outcome = await journey.end();
    expectNothingLost(outcome);
    expect(outcome.emitted).toMatchObject({ failed: 0, unanswered: 0 });
    await expectInStep(journey.stage, 'cluster', 3);
  });
});

describe('a stack changes its engine while two applications write', () => {
  const upgrades = {
    'Sentinel, Redis 7 to 8': {
      create: SENTINEL,
      from: oldest('redis'),
      to: newest('redis'),
      plain: 'node-redis',
      primaries: 1,
    },
    'a cluster, Redis 7 to Valkey 8.1': {
      create: CLUSTER,
      from: oldest('redis'),
      to: engines().find(({ name, line }) => name === 'valkey' && line === '8.1') ?? newest('valkey'),
      plain: 'ioredis',
      primaries: 3,
    },
  } as const;

  it.each(Object.entries(upgrades))('%s', async (_, { create, from, to, plain, primaries }) => {
    journey = await beginJourney({ engine: from, create, library: 'node-redis', plain });
    journey.stage.install(to);
    const done = await journey.migrate(['--engine', `${to.name}:${to.line}`, ...GRACE, '--json']);
    expectDone(done);
    const outcome = await journey.end();
    expectNothingLost(outcome);
    await expectInStep(journey.stage, kindOf(create), primaries);
    const version = await journey.stage.stack.command(
      'exec',
      journey.stage.stack.dir,
      '--',
      `${to.name}-cli`,
      'INFO',
      'server',
    );
    expect(version.out).toContain(`${to.name}_version:${to.version}`);
  });
});
