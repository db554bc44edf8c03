import type { Facts, KeyGroup, KeySample } from '../facts.ts';
import { addUp, type Estimate, extrapolate, extrapolateCount } from '../statistics.ts';
import { sampledNodes } from './subject.ts';

/** Keys that have something in common, over all nodes. Estimates where not every key was looked at. */
export interface Share {
  /** A form of names such as `user:*:cart`, or a type. */
  readonly name: string;
  /** Types that are among them, the largest first. */
  readonly types: readonly string[];
  readonly keys: number;
  readonly bytes: number;
  /** Half the width of the 95 % interval of `bytes`; 0 where every key was looked at. */
  readonly plusMinus: number;
  readonly withoutTtl: number;
}

/** By the form of their names, the largest first. */
export const memoryByPrefix = (facts: Facts): readonly Share[] => memoryBy(facts, ({ prefix }) => prefix);

/** By type, the largest first. */
export const memoryByType = (facts: Facts): readonly Share[] => memoryBy(facts, ({ type }) => type);

function memoryBy(facts: Facts, nameOf: (group: KeyGroup) => string): readonly Share[] {
  const samples = sampledNodes(facts).map(({ keys }) => keys);
  const names = new Set(samples.flatMap(({ groups }) => groups.map(nameOf)));
  return [...names]
    .map((name) => shareOf(name, samples, (group) => nameOf(group) === name))
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function shareOf(name: string, samples: readonly KeySample[], isIn: (group: KeyGroup) => boolean): Share {
  const parts = samples.map((sample) => {
    const groups = sample.groups.filter(isIn);
    const total = (of: (group: KeyGroup) => number) => groups.reduce((sum, group) => sum + of(group), 0);
    return {
      groups,
      bytes: extrapolate(sample, {
        sum: total(({ bytes }) => bytes),
        squares: total(({ squares }) => squares),
      }),
      keys: extrapolateCount(
        sample,
        total(({ keys }) => keys),
      ),
      withoutTtl: extrapolateCount(
        sample,
        total((group) => group.withoutTtl),
      ),
    };
  });
  const bytes = addUp(parts.map((part) => part.bytes));
  const value = (of: (part: (typeof parts)[number]) => Estimate) => addUp(parts.map(of)).value;
  return {
    name,
    types: typesOf(parts.flatMap(({ groups }) => groups)),
    keys: value(({ keys }) => keys),
    bytes: bytes.value,
    plusMinus: bytes.plusMinus,
    withoutTtl: value(({ withoutTtl }) => withoutTtl),
  };
}

function typesOf(groups: readonly KeyGroup[]): readonly string[] {
  const byType = new Map<string, number>();
  for (const { type, bytes } of groups) byType.set(type, (byType.get(type) ?? 0) + bytes);
  return [...byType].sort(([, a], [, b]) => b - a).map(([type]) => type);
}
