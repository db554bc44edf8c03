import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../engines.ts';
import { type Cluster, startCluster } from '../groups.ts';
import { type Server, startServer } from '../servers.ts';
import { harvest, sow } from './data.ts';
import { type Judge, startJudge } from './judge.ts';
import type { Library, PlainTarget, Written } from './types.ts';
import { type Verdict, verify } from './verdict.ts';

const LOGIN = {};
const addressOf = ({ port }: Server) => ({ host: '127.0.0.1', port });

let server: Server;
let cluster: Cluster;
beforeAll(async () => {
  server = await startServer({ engine: newest('redis') });
  cluster = await startCluster({ engine: newest('valkey'), shards: 3, replicas: 0 });
});
afterAll(async () => {
  await server.dispose();
  await cluster.stop();
});

const onServer = (driver: Library): PlainTarget => ({
  driver,
  login: LOGIN,
  kind: 'standalone',
  at: addressOf(server),
});
const onCluster = (driver: Library): PlainTarget => ({
  driver,
  login: LOGIN,
  kind: 'cluster',
  seeds: cluster.nodes.map(addressOf),
});

async function writing<T>(target: PlainTarget, keyPrefix: string, work: (judge: Judge) => Promise<T>) {
  const judge = await startJudge({ target, keyPrefix });
  try {
    return await work(judge);
  } finally {
    judge.dispose();
  }
}

const judged = (written: Written, prefix: string): Promise<Verdict> =>
  verify(written.ledger, prefix, [addressOf(server)], LOGIN);

describe('where nothing was lost, nothing is found', () => {
  const cases = (['ioredis', 'node-redis'] as const).flatMap((driver) => [
    { driver, kind: 'standalone' as const },
    { driver, kind: 'cluster' as const },
  ]);

  it.each(cases)('$driver on $kind', async ({ driver, kind }) => {
    const prefix = `w:${driver}:`;
    const target = kind === 'cluster' ? onCluster(driver) : onServer(driver);
    const written = await writing(target, prefix, async (judge) => {
      await judge.flows(300);
      return judge.stop();
    });
    const addresses = kind === 'cluster' ? cluster.nodes.map(addressOf) : [addressOf(server)];
    const verdict = await verify(written.ledger, prefix, addresses, LOGIN);
    expect(verdict).toMatchObject({ flaws: [], over: 0, unsure: 0 });
    expect(verdict.looked.unique).toBeGreaterThan(100);
    expect(verdict.looked.deleted).toBeGreaterThan(3);
    expect(verdict.looked.counted).toBeGreaterThan(10);
    expect(written.account).toMatchObject({ failed: 0, unsure: 0, unanswered: 0, failures: [] });
    expect(written.account.acknowledged).toBeGreaterThanOrEqual(300);
  });
});

describe('what was lost is found', () => {
  let written: Written;
  const prefix = 'planted:';
  beforeAll(async () => {
    written = await writing(onServer('ioredis'), prefix, async (judge) => {
      await judge.flows(300);
      return judge.stop();
    });
  });

  const first = <T>(list: readonly T[]): T => {
    const [one] = list;
    if (one === undefined) throw new Error('nothing there');
    return one;
  };

  /** Does harm to one key, judges, and puts the key back as it was. */
  async function harmed(key: string, ...harm: readonly string[]): Promise<Verdict> {
    const before = await server.cli('EXISTS', key).then((there) => there === '1');
    if (before) await server.cli('COPY', key, 'aside');
    await server.cli(...harm);
    const verdict = await judged(written, prefix);
    await server.cli('DEL', key);
    if (before) await server.cli('RENAME', 'aside', key);
    return verdict;
  }

  it('a key that is gone', async () => {
    const [key, , at] = first(written.ledger.unique);
    const verdict = await harmed(key, 'DEL', key);
    expect(verdict).toMatchObject({ lost: [[key, at]], flaws: ['1 acknowledged keys lost'] });
  });

  it('a key that holds something else', async () => {
    const [key] = first(written.ledger.unique);
    expect((await harmed(key, 'SET', key, 'other')).flaws).toEqual(['1 acknowledged keys lost']);
  });

  it('a deleted key that is back', async () => {
    const [key] = first(written.ledger.deleted);
    const verdict = await harmed(key, 'SET', key, 'again');
    expect(verdict).toMatchObject({ resurrected: [key], flaws: ['1 deleted keys are there again'] });
  });

  it('an overwritten key that holds an older version, or one that nobody wrote', async () => {
    const [key, acknowledged, tried] = first(written.ledger.hot.filter(([, version]) => version > 1));
    const older = await harmed(key, 'SET', key, String(acknowledged - 1));
    expect(older).toMatchObject({ stale: [key], flaws: ['1 overwritten keys with a wrong version'] });
    expect((await harmed(key, 'SET', key, String(tried + 1))).stale).toEqual([key]);
  });

  it('a counter that is short, and one that is over', async () => {
    const [key] = first(written.ledger.counters);
    const short = await harmed(key, 'DECRBY', key, '2');
    expect(short).toMatchObject({ short: 2, over: 0, flaws: ['2 acknowledged steps of counters missing'] });
    const over = await harmed(key, 'INCRBY', key, '3');
    expect(over).toMatchObject({ short: 0, over: 3, unsure: 0, flaws: ['3 steps of counters too many'] });
  });

  it('and nothing once all is put back', async () => {
    expect(await judged(written, prefix)).toMatchObject({ flaws: [], over: 0 });
  });
});

describe('a server that dies', () => {
  it('costs acknowledged writes that are found, calls that failed, and a gap', async () => {
    const fleeting = await startServer({ engine: newest('redis') });
    try {
      const target: PlainTarget = {
        driver: 'ioredis',
        login: LOGIN,
        kind: 'standalone',
        at: addressOf(fleeting),
      };
      const written = await writing(target, 'w:', async (judge) => {
        await judge.flows(300);
        // It keeps nothing.
        await fleeting.kill();
        await fleeting.restart();
        await judge.flows(300);
        return judge.stop();
      });
      const verdict = await verify(written.ledger, 'w:', [addressOf(fleeting)], LOGIN);
      expect(verdict.lost.length).toBeGreaterThan(50);
      expect(verdict.short).toBeGreaterThan(0);
      expect(written.account.failures.length).toBeGreaterThan(0);
      expect(written.account.gaps[0]?.ms).toBeGreaterThan(20);
    } finally {
      await fleeting.dispose();
    }
  });

  it('may have counted what nobody has heard of, which is no flaw', async () => {
    const saving = await startServer({
      engine: newest('redis'),
      directives: [
        ['appendonly', 'yes'],
        ['appendfsync', 'always'],
      ],
    });
    try {
      const target: PlainTarget = {
        driver: 'node-redis',
        login: LOGIN,
        kind: 'standalone',
        at: addressOf(saving),
      };
      const written = await writing(target, 'w:', async (judge) => {
        for (let round = 0; round < 3; round++) {
          await judge.flows(200);
          await saving.kill();
          await saving.restart();
        }
        await judge.flows(200);
        return judge.stop();
      });
      expect((await verify(written.ledger, 'w:', [addressOf(saving)], LOGIN)).flaws).toEqual([]);
    } finally {
      await saving.dispose();
    }
  });
});

describe('data that lies there', () => {
  const seed = { prefix: 'seed:', count: 3000, largeFields: 2000 };

  it('has the same digest on one server of Redis and on a cluster of Valkey', async () => {
    const one = [addressOf(server)];
    const many = cluster.nodes.map(addressOf);
    await sow(seed, one, LOGIN);
    await sow(seed, many, LOGIN);
    const harvested = await harvest(seed, one, LOGIN);
    expect(harvested.keys).toBe(3001);
    expect(await harvest(seed, many, LOGIN)).toEqual(harvested);

    const part = await harvest(seed, one, LOGIN, 10);
    expect(part.keys).toBe(3001);
    expect(await harvest(seed, many, LOGIN, 10)).toEqual(part);
  });

  it.each([
    ['a value', ['APPEND', 'seed:s:2', '!']],
    ['a time of expiry', ['PERSIST', 'seed:e:0']],
    ['a field of the large hash', ['HSET', 'seed:h:large', 'f1999', '!']],
    ['a key more', ['SET', 'seed:s:more', 'x']],
  ])('and another one where %s differs', async (_, harm) => {
    const before = await harvest(seed, [addressOf(server)], LOGIN);
    expect(await server.cli('EXISTS', harm[1] ?? '')).toBe(harm[1] === 'seed:s:more' ? '0' : '1');
    await server.cli(...harm);
    expect((await harvest(seed, [addressOf(server)], LOGIN)).digest).not.toBe(before.digest);
  });
});
