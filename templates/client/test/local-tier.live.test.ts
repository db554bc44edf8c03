import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type SentinelGroup, startSentinelGroup } from '../../../tests/support/groups.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import { type LocalCache, localCache } from '../src/local-tier.js';
import { openRedis, type Redis } from '../src/redis.js';
import {
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

const base = { key: (id: string) => [id], ttlMs: 60_000 } as const;

/** Reads until the answer comes from memory. */
async function warm(cache: LocalCache<string, string>, id: string, value: string): Promise<void> {
  await until(`${id} is kept`, async () => {
    const before = cache.stats().localHits;
    await cache.getOrSet(id, async () => value);
    return cache.stats().localHits > before;
  });
}

describe('the local tier', () => {
  let server: Server;
  let redis: Redis;

  beforeEach(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
    redis = await openRedis(connect, standaloneStack(server), { env });
  });
  afterEach(async () => {
    await redis.close({ drainMs: 100 });
    await server.dispose();
  });

  const open = async (name: string, more = {}) => {
    const cache = redis.use(localCache<string, string>({ ...base, name, localMs: 600_000, ...more }));
    await until('it listens', () => cache.isListening);
    return cache;
  };

  test('what changed while the connection was gone is not answered from memory', async () => {
    const cache = await open('cut');
    await warm(cache, 'a', 'old');
    await server.cli('SET', 'test:cut:v1:{other}', '"x"');
    // Every connection but that of the command line, and the change at once, before anybody is back.
    await server.cli('CLIENT', 'KILL', 'SKIPME', 'yes');
    await server.cli('SET', 'test:cut:v1:{a}', '"changed"');
    await until(
      'the change is seen',
      async () => (await cache.getOrSet('a', async () => 'loaded')) === 'changed',
    );
    await until('it listens again', () => cache.isListening);
    await warm(cache, 'a', 'x');
    expect(await cache.getOrSet('a', async () => 'not asked')).toBe('changed');
  });

  test('a server that hangs announces nothing, so nothing is answered from memory any more', async () => {
    const cache = await open('hung');
    await warm(cache, 'a', 'old');
    server.freeze();
    await until('it is not trusted', () => !cache.isListening, { timeoutMs: 8000 });
    expect(cache.stats().kept).toBe(0);
    expect(await cache.getOrSet('a', async () => 'from the source')).toBe('from the source');
    expect(cache.stats().kept).toBe(0);
    server.thaw();
    await until('it listens again', () => cache.isListening, { timeoutMs: 10_000 });
    await warm(cache, 'a', 'x');
  });

  test('a flush of everything is heard', async () => {
    const cache = await open('flushed');
    await warm(cache, 'a', 'old');
    await server.cli('FLUSHALL');
    await until('it is empty', () => cache.stats().kept === 0);
    expect(await cache.getOrSet('a', async () => 'new')).toBe('new');
  });

  test('no more than localMax are kept, for no longer than localMs, and absence no longer than negativeTtlMs', async () => {
    const few = await open('few', { localMax: 3, localMs: 150, negativeTtlMs: 20, jitter: 0 });
    for (const id of ['a', 'b', 'c', 'd', 'e']) await warm(few, id, id);
    expect(few.stats().kept).toBe(3);
    const { localHits } = few.stats();
    await few.getOrSet('a', async () => 'not asked');
    expect(few.stats().localHits).toBe(localHits);
    await warm(few, 'e', 'e');
    await until('it has ended here', async () => {
      const before = few.stats().hits;
      await few.getOrSet('e', async () => 'not asked');
      return few.stats().hits > before;
    });
  });

  test.each([
    [{ localMax: 0 }],
    [{ localMax: 1.5 }],
    [{ localMs: 0 }],
    [{ localMs: Number.NaN }],
    [{ tags: () => ['x'] }],
  ])('%j is refused', (wrong) => {
    expect(() => localCache<string, string>({ ...base, name: 'wrong', ...wrong })).toThrow(
      expect.objectContaining({ code: 'redis/bad-use' }),
    );
  });
});

test('after a failover the new primary is heard', async () => {
  const engine = newest('redis');
  const group: SentinelGroup = await startSentinelGroup({
    engine,
    replicas: 1,
    sentinels: 3,
    directives: generatedUser(engine),
  });
  const rules = generatedSentinelRules(engine);
  for (const sentinel of group.sentinels)
    await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
  const redis = await openRedis(connectSentinel, sentinelStack(group.sentinels, group.primaryName), { env });
  try {
    const cache = redis.use(localCache<string, string>({ ...base, name: 'moved', localMs: 600_000 }));
    await until('it listens', () => cache.isListening);
    await warm(cache, 'a', 'old');
    const now = await group.failover();
    await now.cli('SET', 'test:moved:v1:{a}', '"after"');
    await until(
      'the value of the new primary',
      async () => (await cache.getOrSet('a', async () => 'x')) === 'after',
    );
    await until('it listens again', () => cache.isListening);
    await warm(cache, 'a', 'x');
    await now.cli('SET', 'test:moved:v1:{a}', '"later"');
    await until('a later change', async () => (await cache.getOrSet('a', async () => 'x')) === 'later');
  } finally {
    await redis.close();
    await group.stop();
  }
});
