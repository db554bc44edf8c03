import { expect, it } from 'vitest';
import { CHOICES, goTogether, ROWS } from './matrix.ts';
import { type Axes, pairwise } from './pairwise.ts';

const AXES = {
  size: ['s', 'm', 'l'],
  colour: ['red', 'blue'],
  lid: ['yes', 'no'],
  foot: ['a', 'b', 'c'],
} as const;
/** Every two choices of different axes. */
function pairsOf(axes: Axes): readonly Readonly<Record<string, string>>[] {
  const names = Object.keys(axes);
  return names.flatMap((one, index) =>
    names
      .slice(index + 1)
      .flatMap((other) =>
        (axes[one] ?? []).flatMap((a) => (axes[other] ?? []).map((b) => ({ [one]: a, [other]: b }))),
      ),
  );
}

const pairs = pairsOf(AXES);
const meets = (row: object, pair: object) => expect.objectContaining(pair).asymmetricMatch(row);

it('every pair meets, in few rows', () => {
  const rows = pairwise(AXES, () => true);
  expect(pairs.filter((pair) => !rows.some((row) => meets(row, pair)))).toEqual([]);
  expect(rows.length).toBeLessThan(13);
  expect(pairwise(AXES, () => true)).toEqual(rows);
});

it('only pairs that may not go together are missing', () => {
  const allowed = ({ size, lid }: { size?: string; lid?: string }) => !(size === 's' && lid === 'yes');
  const rows = pairwise(AXES, allowed);
  expect(rows.every(allowed)).toBe(true);
  expect(pairs.filter((pair) => !rows.some((row) => meets(row, pair)))).toEqual([{ size: 's', lid: 'yes' }]);
});

it('the matrix of the chart leaves none out', () => {
  const missing = pairsOf(CHOICES).filter((pair) => !ROWS.some((row) => meets(row, pair)));
  expect(missing.filter((pair) => goTogether(pair))).toEqual([]);
});
