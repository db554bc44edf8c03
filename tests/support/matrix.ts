import { type Engine, engines } from './engines.ts';

/**
 * Which combinations are tested. Usually as many as it takes for every topology, every library and every engine to be met,
 * and every two of them where that costs little; all of them with TEST_MATRIX=full, as `npm run test:matrix` sets it.
 */
export const isFull = process.env.TEST_MATRIX === 'full';

/**
 * The engines for one place in a square of three by three, such as a topology and a library: every one, or else one, so that
 * each row and each column meets the oldest, the newest and one in between, and each row another one in between: those of
 * later lines, where there are more of them than rows.
 */
export function enginesAt(row: number, column: number): readonly Engine[] {
  const all = engines();
  if (isFull) return all;
  const between = all.slice(1, -1).toReversed();
  const square = [all[0], all.at(-1), between[row % Math.max(1, between.length)] ?? all[0]];
  const found = square[(column - row + 3) % 3];
  return found === undefined ? [] : [found];
}

/** Every pair, or else so many that each of both lists is met: the longer one once, the shorter one in turn. */
export function paired<A, B>(some: readonly A[], others: readonly B[]): readonly (readonly [A, B])[] {
  if (isFull) return some.flatMap((one) => others.map((other) => [one, other] as const));
  const count = Math.max(some.length, others.length);
  const at = <T>(list: readonly T[], index: number): readonly T[] =>
    list.slice(index % list.length).slice(0, 1);
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    at(some, index).flatMap((one) => at(others, index).map((other) => [one, other] as const)),
  );
}

/** All of them, or the oldest and the newest: where the releases in between have nothing of their own. */
export function extremes(): readonly Engine[] {
  const all = engines();
  if (isFull) return all;
  return [...new Set([all[0], all.at(-1)])].filter((one): one is Engine => one !== undefined);
}
