import type { SlotRange } from './types.ts';

export const SLOTS = 16_384;

/** Ranges in order, none touching the next. Slots need not be sorted. */
export function toRanges(slots: Iterable<number>): readonly SlotRange[] {
  const ranges: [number, number][] = [];
  for (const slot of [...new Set(slots)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

export function slotsOf(ranges: readonly SlotRange[]): readonly number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

export const sizeOf = (ranges: readonly SlotRange[]) =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Cuts ranges into pieces of at most so many slots each; a piece may be made of several ranges. */
export function chunksOf(ranges: readonly SlotRange[], atMost: number): readonly (readonly SlotRange[])[] {
  const slots = slotsOf(ranges);
  return Array.from({ length: Math.ceil(slots.length / atMost) }, (_, i) =>
    toRanges(slots.slice(i * atMost, (i + 1) * atMost)),
  );
}

/** Slots open at the same time: as many as spare waiting, as few keys as may be in two places when a server fails. */
const GROUP_SLOTS = 16;
const GROUP_KEYS = 128;

/** Slots in a row that are moved together, so that those with few keys cost little. */
export function groupsOf(
  slots: readonly number[],
  keysOf: (slot: number) => number,
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let keys = 0;
  for (const slot of slots) {
    const last = groups.at(-1);
    keys += keysOf(slot);
    if (last && last.length < GROUP_SLOTS && keys <= GROUP_KEYS) last.push(slot);
    else {
      groups.push([slot]);
      keys = keysOf(slot);
    }
  }
  return groups;
}
