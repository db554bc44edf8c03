import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { cache } from '../src/cache-aside.js';
import { connect } from '../src/connect.standalone.js';
import type { RedisEvent } from '../src/definition.js';
import { isDueEarly } from '../src/envelope.js';
import { openRedis, type Redis } from '../src/redis.js';
import { countingLoader, gatedLoader, timed } from './loader.ts';
import { appUser, env, standaloneStack } from './stacks.ts';

describe('old values, early loads and tags', () => {
  let server: Server;
  let one: Redis;
  let other: Redis;
  const events: RedisEvent[] = [];

  beforeAll(async () => {
    server = await startServer({ engine: newest('redis'), directives: appUser() });
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    await server.cli('FLUSHALL');
    events.length = 0;
    const observe = (event: RedisEvent) => void events.push(event);
    [one, other] = await Promise.all([
      openRedis(connect, standaloneStack(server), { env, observe }),
      openRedis(connect, standaloneStack(server), { env }),
    ]);
  });
  afterEach(async () => {
    await server.revive();
    await Promise.all([one.close(), other.close()]);
  });

  const base = { key: (id: string) => [id], jitter: 0 } as const;

  test('while-loading: the old value answers at once, one load goes on, the next caller gets the new one', async () => {
    const things = cache<string, string>({
      ...base,
      name: 'swr',
      ttlMs: 50,
      graceMs: 10_000,
      serveSpare: 'while-loading',
    });
    const users = one.use(things);
    await users.getOrSet('a', async () => 'old');
    await sleep(80);
    const loader = countingLoader(() => 'new', 200);
    const answers = await timed(() =>
      Promise.all(Array.from({ length: 20 }, () => users.getOrSet('a', loader.load))),
    );
    expect(new Set(answers.value)).toEqual(new Set(['old']));
    expect(answers.ownMs).toBeLessThan(150);
    await users.settled();
    expect(await users.getOrSet('a', loader.load)).toBe('new');
    expect(loader.calls).toBe(1);
    expect(users.stats()).toMatchObject({ stale: 20, loads: 2 });
  });

  test('soft timeout: the old value after the wait, the new one when the load has ended', async () => {
    const users = one.use(
      cache<string, string>({ ...base, name: 'soft', ttlMs: 50, graceMs: 10_000, softTimeoutMs: 60 }),
    );
    await users.getOrSet('a', async () => 'old');
    await sleep(80);
    const slow = countingLoader(() => 'new', 400);
    const answer = await timed(() => users.getOrSet('a', slow.load));
    expect(answer.value).toBe('old');
    expect(answer.ms).toBeGreaterThan(50);
    await users.settled();
    expect(await users.getOrSet('a', async () => 'not asked')).toBe('new');
    expect(await users.getOrSet('b', countingLoader(() => 'slow but alone', 150).load)).toBe(
      'slow but alone',
    );
  });

  test('hard timeout: the signal is aborted, callers get an error or the old value', async () => {
    const users = one.use(
      cache<string, string>({ ...base, name: 'hard', ttlMs: 50, graceMs: 10_000, hardTimeoutMs: 100 }),
    );
    let reason: unknown;
    const hanging = ({ signal }: { signal: AbortSignal }) =>
      new Promise<string>(() => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
      });
    await expect(users.getOrSet('a', hanging)).rejects.toMatchObject({ code: 'redis/load-timeout' });
    expect(reason).toMatchObject({ code: 'redis/load-timeout' });
    await users.getOrSet('a', async () => 'old');
    await sleep(80);
    expect(await users.getOrSet('a', hanging)).toBe('old');
  });

  test('no more loads run at a time than maxLoads, and all are answered', async () => {
    const users = one.use(cache<string, string>({ ...base, name: 'bounded', ttlMs: 60_000, maxLoads: 3 }));
    let running = 0;
    let most = 0;
    const ids = Array.from({ length: 20 }, (_, i) => String(i));
    const load = async () => {
      most = Math.max(most, ++running);
      await sleep(10);
      running--;
      return 'v';
    };
    const values = await Promise.all(ids.map((id) => users.getOrSet(id, load)));
    expect(values).toEqual(ids.map(() => 'v'));
    expect(most).toBe(3);
  });

  test('stats are there for each name, and for those only that count', async () => {
    await one
      .use(cache<string, string>({ ...base, name: 'counted', ttlMs: 60_000 }))
      .getOrSet('a', async () => 'v');
    expect(one.stats().counted).toMatchObject({ hits: 0, misses: 1, loads: 1, stale: 0, fenced: 0 });
  });

  test('expire keeps the spare copy, invalidate does not', async () => {
    const users = one.use(cache<string, string>({ ...base, name: 'soft', ttlMs: 60_000, graceMs: 10_000 }));
    const broken = () => Promise.reject(new Error('source is down'));
    await users.getOrSet('a', async () => 'old');
    await users.expire('a');
    expect(await users.getOrSet('a', broken)).toBe('old');
    expect(await users.getOrSet('a', async () => 'new')).toBe('new');
    await users.invalidate('a');
    await expect(users.getOrSet('a', broken)).rejects.toThrow('source is down');
  });

  test('early refresh: near its end one of many callers loads, and nobody waits', async () => {
    const things = cache<string, number>({ ...base, name: 'early', ttlMs: 600, earlyRefresh: 1 });
    const users = one.use(things);
    const loader = countingLoader(() => 1, 60);
    await users.getOrSet('a', loader.load);
    const end = performance.now() + 3000;
    let longest = 0;
    while (performance.now() < end) {
      longest = Math.max(longest, (await timed(() => users.getOrSet('a', loader.load))).ms);
      await sleep(1);
    }
    // The first load aside, every value was replaced before it had ended.
    expect(users.stats()).toMatchObject({ misses: 1 });
    expect(loader.calls).toBeGreaterThan(4);
    expect(loader.calls).toBeLessThan(40);
    expect(longest).toBeLessThan(60);
  });

  test('the chance of an early load grows towards the end and with the cost of a load', () => {
    const share = (age: number, tookMs: number) => {
      const envelope = { madeMs: 0, tookMs, ttlMs: 10_000, versions: [] };
      const all = Array.from({ length: 4000 }, () => isDueEarly(envelope, 1, age));
      return all.filter(Boolean).length / all.length;
    };
    expect(share(0, 100)).toBe(0);
    expect(share(10_000, 100)).toBe(1);
    // exp(-remaining / took): one in e when a load's time remains.
    expect(share(9900, 100)).toBeGreaterThan(0.3);
    expect(share(9900, 100)).toBeLessThan(0.44);
    expect(share(9900, 1000)).toBeGreaterThan(share(9900, 100));
  });

  const members = cache<{ org: string; id: string }, string>({
    name: 'member',
    key: ({ org, id }) => [org, id],
    jitter: 0,
    ttlMs: 60_000,
    graceMs: 10_000,
    tags: ({ org }) => [`org ${org}`, 'all'],
  });
  const ann = { org: '7', id: 'ann' };
  const bob = { org: '8', id: 'bob' };

  test('a tag makes its entries invalid everywhere, and no others', async () => {
    const [here, there] = [one.use(members), other.use(members)];
    const loader = countingLoader(() => 'v1', 1);
    await here.getOrSet(ann, loader.load);
    await here.getOrSet(bob, loader.load);
    expect(await there.getOrSet(ann, async () => 'not asked')).toBe('v1');
    await there.invalidateTag('org 7');
    expect(await here.getOrSet(ann, async () => 'v2')).toBe('v2');
    expect(await there.getMany([ann, bob], async () => ['not asked'])).toEqual(['v2', 'v1']);
    await here.invalidateTag('all');
    const asked: unknown[] = [];
    await there.getMany([ann, bob], async (ids) => {
      asked.push(...ids);
      return ids.map(() => 'v3');
    });
    expect(asked).toEqual([ann, bob]);
    // The spare copy had the tag as well.
    await here.invalidateTag('all');
    await expect(here.getOrSet(ann, () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  });

  test('a tag invalidated during a load, also elsewhere, leaves nothing old behind', async () => {
    const [here, there] = [one.use(members), other.use(members)];
    const old = gatedLoader('old');
    const first = here.getOrSet(ann, old.load);
    await old.entered;
    await there.invalidateTag('org 7');
    old.open();
    expect(await first).toBe('old');
    expect(await here.getOrSet(ann, async () => 'new')).toBe('new');
    expect(await there.getOrSet(ann, async () => 'not asked')).toBe('new');
  });

  test('a version that Redis lost makes entries invalid, and every key has a lifetime', async () => {
    const here = one.use(members);
    await here.getOrSet(ann, async () => 'v1');
    const keys = (await server.cli('KEYS', '*')).split('\n');
    for (const key of keys) expect(Number(await server.cli('PTTL', key)), key).toBeGreaterThan(0);
    await server.cli('DEL', 'test:member:tag:{all}');
    expect(await here.getOrSet(ann, async () => 'v2')).toBe('v2');
  });

  test('what happens is told to whoever observes', async () => {
    const users = one.use(cache<string, string>({ ...base, name: 'seen', ttlMs: 60_000 }));
    await users.getOrSet('a', async () => 'v');
    await users.getOrSet('a', async () => 'v');
    expect(events.map(({ name, what }) => `${name} ${what}`)).toEqual(['seen miss', 'seen load', 'seen hit']);
    expect(events[1]?.ms).toBeGreaterThanOrEqual(0);
  });

  test('health says how long the server took, and who is left alone', async () => {
    expect(await one.health()).toMatchObject({ ok: true, resting: [] });
    server.freeze();
    await one
      .use(cache<string, string>({ ...base, name: 'seen', ttlMs: 60_000 }))
      .getOrSet('x', async () => 'v');
    expect(await one.health(200)).toEqual({
      ok: false,
      answeredMs: undefined,
      resting: ['test'],
      topology: 'standalone',
    });
    server.thaw();
    await until('Redis is asked again', () => one.resting().length === 0, { timeoutMs: 8000 });
    expect((await one.health()).ok).toBe(true);
  });
});
