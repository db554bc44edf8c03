import { describe, expect, test } from 'vitest';
import { LocalLimit } from '../src/local-limit.js';
import { lock } from '../src/locks.js';
import { luaScript } from '../src/lua.js';
import { rateLimit } from '../src/rate-limits.js';
import { sessions } from '../src/sessions.js';

const key = (id: string) => [id];
const badUse = expect.objectContaining({ code: 'redis/bad-use' });
const yearMs = 365 * 24 * 3600 * 1000;

describe('a rate limit', () => {
  const right = { name: 'login', key, limit: 5, perMs: 60_000 };

  test.each([
    {},
    { limit: 0.5 },
    { limit: 1e12 },
    { perMs: 1 },
    // A year of seconds is half a working day of milliseconds; nobody can tell which was meant.
    { perMs: 31_536_000 },
    { perMs: yearMs },
    { burst: 1 },
    { burst: 0.5 },
    { algorithm: 'sliding' as const, whenAway: 'closed' as const },
  ])('%j is a limit', (option) => {
    expect(rateLimit({ ...right, ...option })).toMatchObject({ name: 'login' });
  });

  test.each([
    { name: '' },
    { name: 'a{b}' },
    { limit: 0 },
    { limit: -1 },
    { limit: Number.NaN },
    { limit: Number.POSITIVE_INFINITY },
    { perMs: 0 },
    { perMs: 0.1 },
    { perMs: Number.NaN },
    { perMs: Number.POSITIVE_INFINITY },
    // A year in microseconds.
    { perMs: yearMs * 1000 },
    { burst: 0 },
    { burst: Number.NaN },
    // A burst that would take longer than ten years to come back.
    { burst: 5 * 60 * 24 * 365 * 60 },
    { algorithm: 'fixed' as const, burst: 5 },
    { algorithm: 'leaky' as 'gcra' },
    { whenAway: 'close' as 'closed' },
  ])('%j is refused', (option) => {
    expect(() => rateLimit({ ...right, ...option })).toThrow(badUse);
  });
});

describe('a limit in memory', () => {
  const count = (limit: LocalLimit, id: string, times: number) =>
    Array.from({ length: times }, () => limit.check(id, 1)).filter(({ allowed }) => allowed).length;

  test('lets the burst through, says when to come again, and forgets when told to', () => {
    const limit = new LocalLimit({ limit: 4, perMs: 60_000, burst: 2 });
    expect(limit.peek('a', 2)).toEqual({ allowed: true, remaining: 2, retryAfterMs: 0, resetMs: 0 });
    expect(limit.check('a', 1)).toMatchObject({ allowed: true, remaining: 1, resetMs: 15_000 });
    expect(limit.check('a', 1)).toMatchObject({ allowed: true, remaining: 0 });
    const { allowed, retryAfterMs, resetMs } = limit.check('a', 1);
    expect(allowed).toBe(false);
    expect(retryAfterMs).toBeGreaterThan(14_000);
    expect(retryAfterMs).toBeLessThanOrEqual(15_000);
    expect(resetMs).toBeLessThanOrEqual(30_000);
    expect(limit.check('b', 2)).toMatchObject({ allowed: true });
    limit.reset('a');
    expect(limit.check('a', 2)).toMatchObject({ allowed: true });
  });

  test('the rate comes back with the time', () => {
    const limit = new LocalLimit({ limit: 100, perMs: 100, burst: 2 });
    const start = performance.now();
    for (let admitted = 0; admitted < 12; ) if (limit.check('a', 1).allowed) admitted++;
    // Two at once, and then one each millisecond.
    expect(performance.now() - start).toBeGreaterThanOrEqual(9.9);
  });

  test('fractions add up to what they should', () => {
    const limit = new LocalLimit({ limit: 0.6, perMs: 60_000, burst: 0.6 });
    expect([0.1, 0.2, 0.3].map((cost) => limit.check('a', cost).allowed)).toEqual([true, true, true]);
    expect(limit.check('a', 0.1).allowed).toBe(false);
  });

  test('its memory is bounded: of many ids, those are forgotten that came least lately', () => {
    const limit = new LocalLimit({ limit: 1, perMs: 60_000, burst: 1 });
    for (const id of ['first', 'kept']) limit.check(id, 1);
    for (let i = 0; i < 9998; i++) limit.check(`other ${i}`, 1);
    expect(limit.check('first', 1).allowed).toBe(false);
    limit.check('one more', 1);
    expect(count(limit, 'first', 3)).toBe(1);
    expect(count(limit, 'other 9000', 3)).toBe(0);
  });
});

describe('a lock', () => {
  test.each([{}, { ttlMs: 100 }, { ttlMs: 86_400_000 }])('%j is a lock', (option) => {
    expect(lock({ name: 'invoice', key, ...option })).toMatchObject({
      name: 'invoice',
      mustStay: 'expiring',
    });
  });

  test.each([
    { name: 'a b' },
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    // Shorter than it could be extended in, and longer than a dead holder should block.
    { ttlMs: 99 },
    { ttlMs: 86_400_001 },
    { ttlMs: Number.POSITIVE_INFINITY },
  ])('%j is refused', (option) => {
    expect(() => lock({ name: 'invoice', key, ...option })).toThrow(badUse);
  });
});

describe('sessions', () => {
  test.each([{}, { maxLifetimeMs: Number.POSITIVE_INFINITY }, { maxLifetimeMs: 60_000 }])(
    '%j are sessions',
    (option) => {
      expect(sessions({ name: 'login', ttlMs: 60_000, ...option })).toMatchObject({ name: 'login' });
    },
  );

  test.each([
    { name: '' },
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { ttlMs: Number.POSITIVE_INFINITY },
    { ttlMs: 20 * yearMs },
    { maxLifetimeMs: Number.NaN },
    { maxLifetimeMs: 59_999 },
  ])('%j are refused', (option) => {
    expect(() => sessions({ name: 'login', ttlMs: 60_000, ...option })).toThrow(badUse);
  });
});

describe('a script', () => {
  const right = { name: 'transfer', key, lua: 'return 1', decode: Number };

  test('what must stay is known to its definition', () => {
    expect(luaScript(right)).not.toHaveProperty('mustStay');
    expect(luaScript({ ...right, mustStay: 'lasting' })).toMatchObject({ mustStay: 'lasting' });
  });

  test.each([{ name: '{}' }, { lua: '' }, { lua: ' \n' }])('%j is refused', (option) => {
    expect(() => luaScript({ ...right, ...option })).toThrow(badUse);
  });
});
