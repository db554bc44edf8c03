import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LeaderboardEntry, leaderboard } from '../../src/leaderboards.js';
import type { Contract } from './ground.ts';
import { expectDurable, expectHealed, expectLeft, expectMinute, expectProlonged } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const byId = { key: (id: string) => [id], ttlMs: 60_000 };
const points = leaderboard<string>({ ...byId, name: 'points' });
const laps = leaderboard<string>({ ...byId, name: 'laps', first: 'lowest', ttlFrom: 'last-write' });
const lasting = leaderboard<string>({ ...byId, name: 'points-durable', ttlMs: 'durable' });

const largest = Number.MAX_SAFE_INTEGER;
const wrong = [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), '7' as never];

/** What a board should say: by score, then by the bytes of the names, and the whole turned round for the highest. */
function model(scores: ReadonlyMap<string, number>, first: 'highest' | 'lowest'): LeaderboardEntry[] {
  const upwards = [...scores].sort(
    ([a, x], [b, y]) => x - y || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  const ordered = first === 'highest' ? upwards.reverse() : upwards;
  return ordered.map(([member, score], rank) => ({ member, score, rank }));
}

const names = fc.constantFrom('a', 'b', 'B', 'ä', 'z', '', '{x}', 'a b', '10', '9');
const scoresOf = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0.1, 0.30000000000000004, 1e-9, largest, -largest),
);
const games = fc.array(fc.tuple(names, scoresOf), { minLength: 1, maxLength: 14 });

export const leaderboards: Contract = (ground) => {
  test.each([
    ['highest', points, Math.max],
    ['lowest', laps, Math.min],
  ] as const)('the %s first: every view is a part of the same order', async (first, definition, best) => {
    const [here, there] = [ground().one.use(definition), ground().other.use(definition)];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(games, fc.nat(5), scoresOf, scoresOf, async (game, each, low, high) => {
        const id = `game ${run++}`;
        const scores = new Map<string, number>();
        for (const [name, score] of game) scores.set(name, best(score, scores.get(name) ?? score));
        await Promise.all(game.map(([name, score], i) => (i % 2 ? here : there).submit(id, name, score)));
        const board = model(scores, first);
        const [middle] = board.slice(Math.floor(board.length / 2));
        const near = board.filter(({ rank }) => Math.abs(rank - (middle?.rank ?? 0)) <= each);
        expect(await there.top(id, 100)).toEqual(board);
        expect(await there.top(id, 2, 1)).toEqual(board.slice(1, 3));
        expect(await there.around(id, middle?.member ?? '', each)).toEqual(near);
        expect(await there.rank(id, middle?.member ?? '')).toEqual(middle);
        expect(await there.between(id, { from: low, to: high })).toEqual(
          board.filter(({ score }) => score >= low && score <= high),
        );
        expect(await there.between(id, { to: high, count: 2 })).toEqual(
          board.filter(({ score }) => score <= high).slice(0, 2),
        );
        expect(await there.size(id)).toBe(board.length);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['highest', points, Math.max],
    ['lowest', laps, Math.min],
  ] as const)(
    'of scores that two processes submit at once the best stands: %s',
    async (_, definition, best) => {
      const [here, there] = [ground().one.use(definition), ground().other.use(definition)];
      const scores = Array.from({ length: 200 }, (_, i) => ((i * 7919) % 1009) / 4);
      const stood = await Promise.all(
        scores.map((score, i) => (i % 2 ? here : there).submit('race', 'a', score)),
      );
      expect((await here.rank('race', 'a'))?.score).toBe(best(...scores));
      expect(stood.filter((standing, i) => best(standing, scores[i] ?? 0) !== standing)).toEqual([]);
      expect(await here.submit('race', 'a', best(...scores))).toBe(best(...scores));
      expect(await here.set('race', 'a', 50)).toBe(50);
      expect(await there.rank('race', 'a')).toEqual({ member: 'a', score: 50, rank: 0 });
    },
  );

  test('points that two processes add are all counted', async () => {
    const [here, there] = [ground().one.use(points), ground().other.use(points)];
    await Promise.all(Array.from({ length: 400 }, (_, i) => (i % 2 ? here : there).add('sum', 'a', 2)));
    expect(await here.add('sum', 'a', -0.5)).toBe(799.5);
    expect(await here.add('sum', 'b', largest)).toBe(largest);
    await expectCode('redis/refused', () => here.add('sum', 'b', 1));
    expect(await here.top('sum', 1)).toEqual([{ member: 'b', score: largest, rank: 0 }]);
  });

  test('those who do not stand have no rank and no neighbours', async () => {
    const board = ground().one.use(points);
    expect(await board.rank('none', 'a')).toBeNull();
    expect(await board.around('none', 'a', 3)).toEqual([]);
    expect(await board.top('none', 3)).toEqual([]);
    expect(await board.between('none', {})).toEqual([]);
    expect(await board.size('none')).toBe(0);
    await board.submit('none', 'a', 1);
    expect(await board.remove('none', 'b')).toBe(false);
    expect(await board.between('none', { from: 2, to: 1 })).toEqual([]);
    expect(await board.remove('none', 'a')).toBe(true);
    expect(await board.delete('none')).toBe(false);
  });

  test.each(wrong)('%d is no score', async (score) => {
    const board = ground().one.use(points);
    await expectCode('redis/bad-use', () => board.submit('refused', 'a', score));
    await expectCode('redis/bad-use', () => board.set('refused', 'a', score));
    await expectCode('redis/bad-use', () => board.add('refused', 'a', score));
    expect(await board.size('refused')).toBe(0);
  });

  test('views that make no sense are refused', async () => {
    const board = ground().one.use(points);
    for (const number of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expectCode('redis/bad-use', () => board.top('refused', number));
      await expectCode('redis/bad-use', () => board.top('refused', 1, number));
      await expectCode('redis/bad-use', () => board.around('refused', 'a', number));
      await expectCode('redis/bad-use', () => board.between('refused', { count: number }));
    }
    await expectCode('redis/bad-use', () => board.top('refused', 0));
    await expectCode('redis/bad-use', () => board.between('refused', { from: Number.NaN }));
    await expectCode('redis/bad-use', () => board.between('refused', { from: Number.POSITIVE_INFINITY }));
    await expectCode('redis/bad-use', () => board.submit('refused', '\udfff', 1));
    await expectCode('redis/bad-use', () => board.remove('refused', '\udfff'));
    expect(await board.between('refused', { from: -Infinity, to: Infinity })).toEqual([]);
  });

  test('every board has the lifetime of its definition', async () => {
    const { one } = ground();
    const [first, last, durable] = [one.use(points), one.use(laps), one.use(lasting)];
    for (const write of [
      () => first.submit('life', 'a', 1),
      () => first.set('life', 'a', 2),
      () => first.add('life', 'a', 3),
    ]) {
      await first.delete('life');
      await write();
      await expectMinute(ground(), 'test:points:{life}');
      await expectLeft(ground(), 'test:points:{life}', write);
      await expectHealed(ground(), 'test:points:{life}', write);
    }
    await last.submit('life', 'a', 1);
    await expectProlonged(ground(), 'test:laps:{life}', () => last.submit('life', 'a', 1));
    await expectDurable(ground(), 'test:points-durable:{life}', () => durable.add('life', 'a', 1));
  });
};
