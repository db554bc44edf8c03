import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSlots, targetSizes } from '../src/migrate/slots/plan.ts';
import { chunksOf, SLOTS, sizeOf, slotsOf, toRanges } from '../src/migrate/slots/ranges.ts';
import type { SlotRange } from '../src/migrate/slots/types.ts';
import { parseRange } from '../src/redis/cluster-nodes.ts';

type Present = ReadonlyMap<string, readonly SlotRange[]>;

const equal = (...ids: readonly string[]) => new Map(ids.map((id) => [id, 1]));

/** What everybody holds after a plan; fails where a move takes what the giver does not have. */
function outcome(
  present: Present,
  plan: ReturnType<typeof planSlots>,
): ReadonlyMap<string, ReadonlySet<number>> {
  const held = new Map([...present].map(([id, ranges]) => [id, new Set(slotsOf(ranges))]));
  for (const { from, to, ranges } of plan)
    for (const slot of slotsOf(ranges)) {
      if (held.get(from)?.delete(slot) !== true) throw new Error(`${from} does not hold ${slot}`);
      held.set(to, (held.get(to) ?? new Set()).add(slot));
    }
  return held;
}

/** All slots among some nodes, in pieces as a history of changes leaves them. */
const fragmented = fc
  .record({
    nodes: fc.integer({ min: 1, max: 7 }),
    cuts: fc.array(fc.tuple(fc.integer({ min: 1, max: SLOTS - 1 }), fc.nat(6)), { maxLength: 30 }),
  })
  .map(({ nodes, cuts }): Present => {
    const owner = new Array<number>(SLOTS).fill(0);
    for (const [from, who] of cuts) owner.fill(who % nodes, from);
    const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
    return new Map(
      ids.map((id, i) => [id, toRanges(owner.flatMap((who, slot) => (who === i ? [slot] : [])))]),
    );
  });

const shares = fc
  .array(fc.constantFrom(0, 1, 1, 1, 2, 3), { minLength: 1, maxLength: 9 })
  .filter((weights) => weights.some((weight) => weight > 0))
  .map((weights) => new Map(weights.map((weight, i) => [`n${i}`, weight])));

describe('ranges', () => {
  it('are what their slots are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(SLOTS - 1), { maxLength: 200 }), (slots) => {
        const ranges = toRanges(slots);
        expect(slotsOf(ranges)).toEqual([...slots].sort((a, b) => a - b));
        expect(sizeOf(ranges)).toBe(slots.length);
        ranges.slice(1).forEach(([first], i) => {
          expect(first).toBeGreaterThan((ranges[i]?.[1] ?? 0) + 1);
        });
      }),
    );
  });

  it('are cut into pieces that lose nothing', () => {
    const pieces = chunksOf(
      [
        [0, 9],
        [20, 24],
        [30, 30],
      ],
      6,
    );
    expect(pieces).toEqual([
      [[0, 5]],
      [
        [6, 9],
        [20, 21],
      ],
      [
        [22, 24],
        [30, 30],
      ],
    ]);
    expect(chunksOf([], 6)).toEqual([]);
  });

  it.each([
    ['7', [7, 7]],
    ['0-5460', [0, 5460]],
    ['[93-<-abc]', undefined],
    ['', undefined],
  ])('%s is read', (word, range) => expect(parseRange(word)).toEqual(range));
});

describe('a plan for slots', () => {
  it('leaves everybody with their share, moves the fewest slots, and is the same every time', () => {
    fc.assert(
      fc.property(fragmented, shares, (present, wanted) => {
        const plan = planSlots({ present, shares: wanted });
        expect(planSlots({ present, shares: wanted })).toEqual(plan);
        const held = outcome(present, plan);
        const weight = [...wanted.values()].reduce<number>((a, b) => a + b, 0);
        for (const [id, slots] of held)
          expect(Math.abs(slots.size - (SLOTS * (wanted.get(id) ?? 0)) / weight)).toBeLessThan(1);
        expect([...held.values()].reduce((sum, slots) => sum + slots.size, 0)).toBe(SLOTS);
        // No plan moves fewer: each slot that a node has too many must go, and the sizes are the best ones.
        const gain = (id: string) => Math.max(0, (held.get(id)?.size ?? 0) - sizeOf(present.get(id) ?? []));
        const moved = plan.reduce((sum, { ranges }) => sum + sizeOf(ranges), 0);
        expect(moved).toBe([...held.keys()].reduce((sum, id) => sum + gain(id), 0));
        expect(new Set(plan.map(({ from, to }) => `${from} ${to}`)).size).toBe(plan.length);
      }),
    );
  });

  it('keeps the odd slot where it is', () => {
    const present = new Map([
      ['a', [[0, 5460]] as const],
      ['b', [[5461, 10922]] as const],
      ['c', [[10923, 16383]] as const],
    ]);
    expect(planSlots({ present, shares: equal('a', 'b', 'c') })).toEqual([]);
    expect(targetSizes(present, equal('c', 'a', 'b')).get('b')).toBe(5462);
  });

  it('doubles three shards with one partner and one range each', () => {
    const present = new Map([
      ['a', [[0, 5460]] as const],
      ['b', [[5461, 10922]] as const],
      ['c', [[10923, 16383]] as const],
    ]);
    const plan = planSlots({ present, shares: equal('a', 'b', 'c', 'd', 'e', 'f') });
    expect(plan).toHaveLength(3);
    expect(plan.every(({ ranges }) => ranges.length === 1)).toBe(true);
    expect(new Set(plan.map(({ to }) => to))).toEqual(new Set(['d', 'e', 'f']));
  });

  it('gives slots back to where their neighbours are', () => {
    const present = new Map([
      ['a', [[0, 2730]] as const],
      ['b', [[5461, 8191]] as const],
      ['c', [[10923, 13652]] as const],
      ['d', [[2731, 5460]] as const],
      ['e', [[8192, 10922]] as const],
      ['f', [[13653, 16383]] as const],
    ]);
    const wanted = new Map([...equal('a', 'b', 'c'), ['d', 0], ['e', 0], ['f', 0]] as const);
    const held = outcome(present, planSlots({ present, shares: wanted }));
    const pieces = ['a', 'b', 'c'].map((id) => toRanges(held.get(id) ?? []).length);
    // One slot is left over after the division by three, and may lie apart.
    expect(pieces.reduce((a, b) => a + b)).toBeLessThanOrEqual(4);
  });

  it('spreads one node over three, and back to one range', () => {
    const present = new Map([['a', [[0, SLOTS - 1]] as const]]);
    const out = outcome(present, planSlots({ present, shares: equal('a', 'b', 'c') }));
    expect([...out.values()].map((slots) => toRanges(slots).length)).toEqual([1, 1, 1]);
    const spread = new Map([...out].map(([id, slots]) => [id, toRanges(slots)]));
    const back = outcome(spread, planSlots({ present: spread, shares: equal('a') }));
    expect(toRanges(back.get('a') ?? [])).toEqual([[0, SLOTS - 1]]);
  });

  it('is refused where nobody shall hold anything', () => {
    expect(() => planSlots({ present: new Map([['a', [[0, 1]]]]), shares: new Map([['a', 0]]) })).toThrow(
      /no node/,
    );
  });
});
