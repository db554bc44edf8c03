import { afterEach, describe, expect, it } from 'vitest';
import { type Engine, engines, newest } from '../support/engines.ts';
import { harvest, sow } from '../support/migration/data.ts';
import { expectDone } from '../support/migration/execution.ts';
import { expectInStep } from '../support/migration/journey.ts';
import { type Judge, startJudge } from '../support/migration/judge.ts';
import {
  createStage,
  type JournalView,
  KEY_PREFIX,
  loginAs,
  type Stage,
  untilJournal,
} from '../support/migration/stage.ts';
import type { Library, PlainTarget } from '../support/migration/types.ts';
import { verify } from '../support/migration/verdict.ts';
import { type Server, startServer } from '../support/servers.ts';

const LOGIN = { username: 'owner', password: 'of-the-old-server' };
const DIRECTIVES = [
  ['user', LOGIN.username, 'on', `>${LOGIN.password}`, '~*', '&*', '+@all'],
  ['user', 'default', 'off'],
];

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const cases = {
  'to a cluster of Redis 8': {
    from: engines()[0],
    to: newest('redis'),
    flags: ['--topology', 'cluster', '--shards', '3', '--replicas', '1'],
    first: 'shard-1-1',
    kind: 'cluster',
    primaries: 3,
  },
  'to Sentinels of Valkey': {
    from: engines()[0],
    to: newest('valkey'),
    flags: ['--topology', 'sentinel', '--replicas', '1'],
    first: 'node-1',
    kind: 'sentinel',
    primaries: 1,
  },
} as const;

async function startOld(engine: Engine): Promise<Server> {
  const server = await startServer({ engine, auth: LOGIN, directives: DIRECTIVES });
  ends.push(() => server.dispose());
  return server;
}

async function startWriting(server: Server, driver: Library): Promise<Judge> {
  const at = { host: '127.0.0.1', port: server.port };
  const judge = await startJudge({
    target: { driver, login: LOGIN, kind: 'standalone', at },
    keyPrefix: `${KEY_PREFIX}${driver}:`,
    rate: 150,
  });
  ends.push(() => judge.dispose());
  await judge.flows(100);
  return judge;
}

/** As an application is deployed anew as soon as the old server refuses its writes. */
function moved(stage: Stage, driver: Library, first: string, kind: string): PlainTarget {
  const port = stage.journal()?.places[first]?.port ?? 0;
  const at = { host: '127.0.0.1', port };
  const common = { driver, login: loginAs(stage.stack, 'app') };
  return kind === 'cluster'
    ? { ...common, kind: 'cluster', seeds: [at] }
    : { ...common, kind: 'standalone', at };
}

describe('data of a server that is not of the stack, while two applications write', () => {
  it.each(Object.entries(cases))('%s', async (_, { from, to, flags, first, kind, primaries }) => {
    if (from === undefined) throw new Error('no engine');
    const server = await startOld(from);
    const old = [{ host: '127.0.0.1', port: server.port }];
    const seed = { prefix: `${KEY_PREFIX}seed:`, count: 5000, largeFields: 3000 };
    await sow(seed, old, LOGIN);
    const before = await harvest(seed, old, LOGIN);
    const judges = {
      ioredis: await startWriting(server, 'ioredis'),
      'node-redis': await startWriting(server, 'node-redis'),
    };
    const stage = await createStage(to, '--workload', 'primary-data', ...flags);
    ends.push(() => stage.dispose());
    Object.assign(stage.stack.env, { REDIS_SOURCE_PASSWORD: LOGIN.password });

    const execution = stage.migrate('--from', `redis://${LOGIN.username}@127.0.0.1:${server.port}`, '--json');
    const hasSwitched = ({ done }: JournalView) => done.includes('switch');
    const deployed = untilJournal(stage, 'the switch is over', hasSwitched).then(async () => {
      for (const driver of ['ioredis', 'node-redis'] as const)
        await judges[driver].switchTo(moved(stage, driver, first, kind));
    });
    deployed.catch(() => undefined);
    expectDone(await execution.ended);
    await deployed;

    for (const driver of ['ioredis', 'node-redis'] as const) {
      await judges[driver].switchTo(await stage.plain(driver));
      await judges[driver].flows(100);
      const { ledger } = await judges[driver].stop();
      const verdict = await verify(ledger, judges[driver].keyPrefix, await stage.dataNodes(), stage.admin);
      expect(verdict.flaws).toEqual([]);
      expect(verdict.looked.unique).toBeGreaterThan(100);
    }
    expect(await harvest(seed, await stage.dataNodes(), stage.admin)).toEqual(before);
    await expectInStep(stage, kind, primaries);
  });
});
