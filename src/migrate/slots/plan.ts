import { sizeOf, slotsOf, toRanges } from './ranges.ts';
import type { SlotMove, SlotRange } from './types.ts';

/** Who holds which slots, and how much each shall hold compared with the others; 0 takes all slots away. */
export interface Wanted {
  readonly present: ReadonlyMap<string, readonly SlotRange[]>;
  /** Only nodes named here hold slots afterwards. Its order decides between equals. */
  readonly shares: ReadonlyMap<string, number>;
}

interface Party {
  readonly id: string;
  /** Sorted. */
  slots: number[];
  /** How many slots too many, or, below zero, too few. */
  surplus: number;
}

/**
 * The fewest moves after which every node holds its share to within one slot, in as few pieces as it takes.
 * The same question gets the same answer. Throws where no node shall hold anything.
 */
export function planSlots({ present, shares }: Wanted): readonly SlotMove[] {
  const targets = targetSizes(present, shares);
  const ids = [...shares.keys(), ...[...present.keys()].filter((id) => !shares.has(id))];
  const parties = ids.map((id): Party => {
    const slots = [...slotsOf(present.get(id) ?? [])].sort((a, b) => a - b);
    return { id, slots, surplus: slots.length - (targets.get(id) ?? 0) };
  });
  const moves: Piece[] = [];
  tradeWithNeighbours(parties, moves);
  tradeBySize(parties, moves);
  return joined(moves);
}

/** Slots of a node over all, rounded so that the sum is right and as few slots as possible have to move. */
export function targetSizes(
  present: ReadonlyMap<string, readonly SlotRange[]>,
  shares: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const total = [...present.values()].reduce((sum, ranges) => sum + sizeOf(ranges), 0);
  const weight = [...shares.values()].reduce((sum, share) => sum + share, 0);
  if (!(weight > 0)) throw new Error('no node is to hold slots');
  const rows = [...shares].map(([id, share], order) => {
    const exact = (total * share) / weight;
    const floor = Math.floor(exact + 1e-9);
    return { id, order, floor, rest: exact - floor, has: sizeOf(present.get(id) ?? []) };
  });
  let left = total - rows.reduce((sum, row) => sum + row.floor, 0);
  const sizes = new Map(rows.map((row) => [row.id, row.floor]));
  const first = rows
    .filter(({ rest }) => rest > 1e-9)
    // Whoever holds one more than the rounded share keeps it: that is a move less.
    .sort(
      (a, b) => Number(b.has > b.floor) - Number(a.has > a.floor) || b.rest - a.rest || a.order - b.order,
    );
  for (const row of first) {
    if (left === 0) break;
    sizes.set(row.id, row.floor + 1);
    left -= 1;
  }
  return sizes;
}

interface Piece {
  readonly from: string;
  readonly to: string;
  readonly slots: readonly number[];
}

/** What comes to lie beside slots that a node has already makes no new piece. */
function tradeWithNeighbours(parties: readonly Party[], moves: Piece[]): void {
  for (const to of parties)
    for (const from of parties) {
      const wanted = Math.min(from.surplus, -to.surplus);
      if (wanted <= 0 || to.slots.length === 0) continue;
      const slots = adjacent(from.slots, new Set(to.slots), wanted);
      if (slots.length > 0) trade(from, to, slots, moves);
    }
}

/** From the end of a range that touches the other's; the whole lot or, where the range is shorter, all of it. */
function adjacent(slots: readonly number[], others: ReadonlySet<number>, wanted: number): readonly number[] {
  for (const [first, last] of toRanges(slots)) {
    const count = Math.min(wanted, last - first + 1);
    if (others.has(first - 1)) return slotsOf([[first, first + count - 1]]);
    if (others.has(last + 1)) return slotsOf([[last - count + 1, last]]);
  }
  return [];
}

/** The largest surplus to the largest need, so that equal ones find each other and few pairs are made. */
function tradeBySize(parties: readonly Party[], moves: Piece[]): void {
  for (;;) {
    const from = parties.reduce((a, b) => (b.surplus > a.surplus ? b : a));
    const to = parties.reduce((a, b) => (b.surplus < a.surplus ? b : a));
    const count = Math.min(from.surplus, -to.surplus);
    if (count <= 0) return;
    trade(from, to, smallestPieces(from.slots, count), moves);
  }
}

/** Small ranges first, and the rest from the upper end of a large one: what stays is in few pieces. */
function smallestPieces(slots: readonly number[], count: number): readonly number[] {
  const ranges = [...toRanges(slots)].sort((a, b) => a[1] - a[0] - (b[1] - b[0]) || b[0] - a[0]);
  const taken: number[] = [];
  for (const [first, last] of ranges) {
    const more = Math.min(count - taken.length, last - first + 1);
    if (more === 0) break;
    taken.push(...slotsOf([[last - more + 1, last]]));
  }
  return taken;
}

function trade(from: Party, to: Party, slots: readonly number[], moves: Piece[]): void {
  const gone = new Set(slots);
  from.slots = from.slots.filter((slot) => !gone.has(slot));
  to.slots = [...to.slots, ...slots].sort((a, b) => a - b);
  from.surplus -= slots.length;
  to.surplus += slots.length;
  moves.push({ from: from.id, to: to.id, slots });
}

/** One move for each pair of nodes. */
function joined(pieces: readonly Piece[]): readonly SlotMove[] {
  const pairs = new Map<string, Piece>();
  for (const piece of pieces) {
    const name = `${piece.from} ${piece.to}`;
    const slots = [...(pairs.get(name)?.slots ?? []), ...piece.slots];
    pairs.set(name, { ...piece, slots });
  }
  return [...pairs.values()].map(({ from, to, slots }) => ({ from, to, ranges: toRanges(slots) }));
}
