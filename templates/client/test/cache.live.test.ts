import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { cache } from '../src/cache-aside.js';
import { connect } from '../src/connect.standalone.js';
import { openRedis, type Redis } from '../src/redis.js';
import { countingLoader, gatedLoader, timed } from './loader.ts';
import { appUser, env, standaloneStack } from './stacks.ts';

const things = cache<string, unknown>({ name: 'thing', key: (id) => [id], ttlMs: 60_000 });

describe.each(engines())('cache-aside on $name $version', (engine) => {
  let server: Server;
  let one: Redis;
  let other: Redis;
  const open = () => openRedis(connect, standaloneStack(server), { env });

  beforeAll(async () => {
    server = await startServer({ engine, directives: appUser() });
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    await server.cli('FLUSHALL');
    [one, other] = await Promise.all([open(), open()]);
  });
  afterEach(() => Promise.all([one.close(), other.close()]));

  test('a hundred callers of a cold key share one load', async () => {
    const loader = countingLoader(() => 'value');
    const users = one.use(things);
    const values = await Promise.all(Array.from({ length: 100 }, () => users.getOrSet('a', loader.load)));
    expect(new Set(values)).toEqual(new Set(['value']));
    expect(loader.calls).toBe(1);
    expect(await users.getOrSet('a', loader.load)).toBe('value');
    expect(loader.calls).toBe(1);
    expect(users.stats()).toMatchObject({ hits: 1, misses: 100, degraded: 0, coalesced: 99, loads: 1 });
  });

  test('two processes share one load', async () => {
    const loader = countingLoader(() => 'value', 300);
    const caches = [one.use(things), other.use(things)];
    const values = await Promise.all(
      caches.flatMap((one) => Array.from({ length: 20 }, () => one.getOrSet('a', loader.load))),
    );
    expect(new Set(values)).toEqual(new Set(['value']));
    expect(loader.calls).toBe(1);
  });

  test('a load longer than its lease is still the only one', async () => {
    const loader = countingLoader(() => 'value', 2600);
    const caches = [one.use(things), other.use(things)];
    await Promise.all(caches.map((one) => one.getOrSet('slow', loader.load)));
    expect(loader.calls).toBe(1);
  });

  test('an error of the loader is shared, and nothing is kept of it', async () => {
    let calls = 0;
    const failing = async () => {
      calls++;
      await sleep(20);
      throw new Error('no such table');
    };
    const users = one.use(things);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => users.getOrSet('a', failing)),
    );
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true);
    expect(calls).toBe(1);
    const next = await timed(() => other.use(things).getOrSet('a', async () => 'better'));
    expect(next.value).toBe('better');
    expect(next.ms).toBeLessThan(500);
  });

  test('a key invalidated elsewhere during its load is fresh for the next reader', async () => {
    const [here, there] = [one.use(things), other.use(things)];
    const old = gatedLoader('old');
    const first = here.getOrSet('a', old.load);
    await old.entered;
    await there.invalidate('a');
    const joined = here.getOrSet('a', async () => 'new');
    old.open();
    expect(await first).toBe('old');
    expect(await joined).toBe('new');
    expect(await here.getOrSet('a', async () => 'not asked')).toBe('new');
    expect(await there.getOrSet('a', async () => 'not asked')).toBe('new');
    expect(here.stats().fenced).toBe(1);
  });

  test('a value set elsewhere during a load is not overwritten by it', async () => {
    const [here, there] = [one.use(things), other.use(things)];
    const old = gatedLoader('old');
    const first = here.getOrSet('a', old.load);
    await old.entered;
    await there.set('a', 'set');
    old.open();
    await first;
    expect(await here.getOrSet('a', async () => 'not asked')).toBe('set');
  });

  test.each([[0], [''], [false], [null], [[]]])('%j is a value', async (value) => {
    const loader = countingLoader(() => value, 0);
    const users = one.use(things);
    expect(await users.getOrSet('a', loader.load)).toEqual(value);
    expect(await users.getOrSet('a', loader.load)).toEqual(value);
    expect(loader.calls).toBe(1);
  });

  test('undefined is absence, remembered for the negative lifetime only', async () => {
    const loader = countingLoader<undefined>(() => undefined, 0);
    const users = one.use(
      cache<string, string>({ ...things, schema: v.string(), negativeTtlMs: 100, jitter: 0 }),
    );
    expect(await users.getOrSet('a', loader.load)).toBeNull();
    expect(await users.getOrSet('a', loader.load)).toBeNull();
    expect(loader.calls).toBe(1);
    await sleep(130);
    await users.getOrSet('a', loader.load);
    expect(loader.calls).toBe(2);
  });

  test('lifetimes are spread, and every key has one', async () => {
    const users = one.use(things);
    const ids = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(ids.map((id) => users.getOrSet(id, async () => id)));
    const keys = (await server.cli('KEYS', '*')).split('\n');
    expect(keys).toHaveLength(40);
    const lifetimes = await Promise.all(keys.map(async (key) => Number(await server.cli('PTTL', key))));
    expect(Math.min(...lifetimes)).toBeGreaterThan(50_000);
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(66_000);
    expect(Math.max(...lifetimes) - Math.min(...lifetimes)).toBeGreaterThan(2000);
  });

  test('a value that the schema does not know is loaded anew', async () => {
    const numbers = cache<string, number>({
      name: 'thing',
      key: (id) => [id],
      ttlMs: 60_000,
      schema: v.number(),
    });
    await one.use(things).set('a', 'text');
    expect(await one.use(numbers).getOrSet('a', async () => 7)).toBe(7);
    expect(await other.use(numbers).getOrSet('a', async () => 8)).toBe(7);
  });

  test('a loaded value that the schema does not know is given, and not kept; one that is set is refused', async () => {
    const wrong = { name: 'misfit', key: (id: string) => [id], ttlMs: 60_000, schema: v.number() };
    const users = one.use(cache(wrong));
    const loader = countingLoader(() => 'text' as unknown as number, 0);
    expect(await users.getOrSet('a', loader.load)).toBe('text');
    expect(await users.getOrSet('a', loader.load)).toBe('text');
    expect(loader.calls).toBe(2);
    expect(await server.cli('EXISTS', 'test:misfit:v1:{a}')).toBe('0');
    await expect(users.set('a', 'text' as unknown as number)).rejects.toMatchObject({
      code: 'redis/bad-use',
    });
  });

  test('many ids cost one load of what is missing, in order, also from two callers', async () => {
    const asked: string[][] = [];
    const load = async (ids: readonly string[]) => {
      asked.push([...ids]);
      await sleep(30);
      return ids.map((id) => (id === 'none' ? null : `value ${id}`));
    };
    const users = one.use(things);
    await users.set('b', 'value b');
    const ids = ['a', 'b', 'none', 'c', 'a'];
    const expected = ['value a', 'value b', null, 'value c', 'value a'];
    const [first, second] = await Promise.all([users.getMany(ids, load), users.getMany(ids, load)]);
    expect([first, second]).toEqual([expected, expected]);
    expect(asked).toEqual([['a', 'none', 'c']]);
    expect(await users.getMany(ids, load)).toEqual(expected);
    expect(asked).toHaveLength(1);
    expect(await users.getMany([], load)).toEqual([]);
  });

  test('with grace an old value answers when the loader fails, but not after invalidate', async () => {
    const graced = cache<string, string>({
      name: 'graced',
      key: (id) => [id],
      ttlMs: 50,
      jitter: 0,
      graceMs: 10_000,
    });
    const users = one.use(graced);
    const broken = () => Promise.reject(new Error('source is down'));
    await users.getOrSet('a', async () => 'old');
    await sleep(80);
    expect(await users.getOrSet('a', broken)).toBe('old');
    expect(users.stats().rescued).toBe(1);
    await users.invalidate('a');
    await expect(users.getOrSet('a', broken)).rejects.toThrow('source is down');
  });

  test('invalidate rejects when Redis refuses', async () => {
    await server.cli('ACL', 'SETUSER', 'app', '-del');
    const refused = one.use(things).invalidate('a');
    await expect(refused).rejects.toMatchObject({ code: 'redis/refused' });
    await server.cli('ACL', 'SETUSER', 'app', '+del');
  });

  test('scripts forgotten by the server are sent again', async () => {
    const users = one.use(things);
    await users.getOrSet('a', async () => 1);
    await server.cli('SCRIPT', 'FLUSH');
    await users.getOrSet('b', async () => 2);
    expect(await other.use(things).getOrSet('b', async () => 3)).toBe(2);
  });

  test('direct keys live behind the prefix', async () => {
    await one.direct.set('k', 'v');
    expect(await other.direct.get('k')).toBe('v');
    expect(await server.cli('GET', 'test:k')).toBe('v');
    expect([await one.direct.incr('n'), await other.direct.incr('n')]).toEqual([1, 2]);
    expect([await one.direct.delete('k'), await one.direct.delete('k')]).toEqual([true, false]);
    await one.ping();
  });
});
