import { describe, expect, test } from 'vitest';
import { type RateLimit, type RateLimitVerdict, rateLimit } from '../../src/rate-limits.js';
import { excess, hammer } from '../admissions.ts';
import type { Contract } from './ground.ts';

const algorithms = ['gcra', 'sliding', 'fixed'] as const;
const minute = 60_000;

const fivePerMinute = algorithms.map((algorithm) =>
  rateLimit<string>({
    name: `limit-${algorithm}`,
    key: (id) => [id],
    limit: 5,
    perMs: minute,
    algorithm,
  }),
);

async function inTurn(
  limits: readonly RateLimit<string>[],
  id: string,
  costs: readonly number[],
): Promise<RateLimitVerdict[]> {
  const verdicts: RateLimitVerdict[] = [];
  for (const [i, cost] of costs.entries()) {
    const limit = limits[i % limits.length];
    if (limit !== undefined) verdicts.push(await limit.check(id, cost));
  }
  return verdicts;
}

export const rateLimits: Contract = (ground) => {
  describe.each(fivePerMinute)('$name', (definition) => {
    const [algorithm = ''] = definition.name.split('-').slice(1);
    const both = () => [ground().one.use(definition), ground().other.use(definition)];
    const keyOf = (id: string) => `test:${definition.name}:{${id}}:${algorithm}`;

    test('two processes share a limit', async () => {
      const verdicts = await inTurn(both(), 'shared', Array(8).fill(1));
      expect(verdicts.map(({ allowed }) => allowed)).toEqual([...Array(5).fill(true), false, false, false]);
      expect(verdicts.map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, 0, 0, 0, 0]);
      expect(verdicts.every(({ limit, isGuess }) => limit === 5 && !isGuess)).toBe(true);
      const [refused] = verdicts.slice(-1);
      const waitMs = algorithm === 'gcra' ? minute / 5 : minute;
      expect(refused?.retryAfterMs).toBeGreaterThan(waitMs - 10_000);
      expect(refused?.retryAfterMs).toBeLessThanOrEqual(waitMs + 1);
      expect(refused?.resetMs).toBeGreaterThan(minute - 10_000);
      expect(refused?.resetMs).toBeLessThanOrEqual(minute);
      expect(verdicts[0]?.retryAfterMs).toBe(0);
    });

    test('callers at once get no more than callers in turn', async () => {
      const checks = both().flatMap((limit) => Array.from({ length: 20 }, () => limit.check('at once')));
      const verdicts = await Promise.all(checks);
      expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(5);
    });

    test('an id has one key, which ends', async () => {
      const [limit] = both();
      await limit?.check('one key', 2);
      const left = Number(await ground().cli(keyOf('one%20key'), 'PTTL', keyOf('one%20key')));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(minute);
      // Braces, blanks, colons: one id is not another.
      for (const id of ['{a}', 'a', 'a:b', 'a b', ''])
        expect((await limit?.check(id, 5))?.allowed).toBe(true);
    });

    test('a peek counts nothing, and a reset forgets', async () => {
      const [limit, other] = both();
      expect(await limit?.peek('peeked')).toMatchObject({ allowed: true, remaining: 5, resetMs: 0 });
      await limit?.check('peeked', 4);
      expect(await other?.peek('peeked')).toMatchObject({ allowed: true, remaining: 1, retryAfterMs: 0 });
      expect(await other?.peek('peeked', 2)).toMatchObject({ allowed: false, remaining: 1 });
      expect((await other?.peek('peeked', 2))?.retryAfterMs).toBeGreaterThan(0);
      expect(await other?.check('peeked', 1)).toMatchObject({ allowed: true, remaining: 0 });
      await limit?.reset('peeked');
      expect(await other?.check('peeked', 5)).toMatchObject({ allowed: true, remaining: 0 });
    });

    test('what is refused does not count, and a cost above the limit never passes', async () => {
      const [limit] = both();
      expect(await limit?.check('dear', 5.1)).toMatchObject({
        allowed: false,
        remaining: 5,
        retryAfterMs: Number.POSITIVE_INFINITY,
      });
      await limit?.check('dear', 3);
      expect(await limit?.check('dear', 3)).toMatchObject({ allowed: false, remaining: 2 });
      expect(await limit?.check('dear', 2)).toMatchObject({ allowed: true, remaining: 0 });
    });

    test('costs may be fractions, whose sum is what it should be', async () => {
      const limits = both();
      const verdicts = await inTurn(limits, 'fractions', [0.1, 0.2, 0.3, 0.4, 1.7, 2.2, 0.1]);
      expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, true, true]);
      expect(await limits[0]?.check('fractions', 0.1)).toMatchObject({ allowed: false, remaining: 0 });
    });

    test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a cost of %s is refused', async (cost) => {
      const [limit] = both();
      await expect(limit?.check('bad', cost)).rejects.toMatchObject({ code: 'redis/bad-use' });
      await expect(limit?.peek('bad', cost)).rejects.toMatchObject({ code: 'redis/bad-use' });
    });
  });

  test('gcra: two processes together get at most the burst and the rate, in any time', async () => {
    const definition = rateLimit<string>({
      name: 'limit-rate',
      key: (id) => [id],
      limit: 40,
      perMs: 200,
      burst: 4,
    });
    const { one, other } = ground();
    const { admitted, refused } = await hammer([one.use(definition), other.use(definition)], 'a', 250);
    expect(refused).toBeGreaterThan(0);
    expect(excess(admitted, ({ ms }) => 4 + (40 * ms) / 200)).toEqual([]);
    // And not much less: it is the limit that holds callers back.
    expect(admitted.length).toBeGreaterThan(10);
  });

  test('sliding: two processes together never get more than the limit in a period', async () => {
    const perMs = 100;
    const definition = rateLimit<string>({
      name: 'limit-window',
      key: (id) => [id],
      limit: 10,
      perMs,
      algorithm: 'sliding',
    });
    const { one, other } = ground();
    const { admitted, refused } = await hammer([one.use(definition), other.use(definition)], 'a', 350);
    expect(refused).toBeGreaterThan(0);
    expect(excess(admitted, ({ ms }) => (ms < perMs ? 10 : Number.POSITIVE_INFINITY))).toEqual([]);
    expect(admitted.length).toBeGreaterThan(20);
  });
};
