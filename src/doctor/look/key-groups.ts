import type { BigKey, KeyGroup, KeySample, Saving } from '../facts.ts';
import type { KeyLook, KeySaving } from '../savings/index.ts';
import { formOf, mergeForms } from './name-form.ts';
import { readable } from './readable.ts';

/** A key that was looked at. */
export interface Looked {
  readonly key: KeyLook;
  readonly frequency: number | undefined;
  readonly savings: readonly KeySaving[];
}

const MOST_GROUPS = 200;
const MOST_LISTED = 20;

/** What the form of a name, a type and an encoding have in common, largest first; the smallest groups are one, `(other)`. */
export function groupsOf(all: readonly Looked[]): readonly KeyGroup[] {
  const forms = all.map(({ key }) => formOf(key.key));
  const counts = new Map<string, number>();
  for (const form of forms) counts.set(form, (counts.get(form) ?? 0) + 1);
  const merged = mergeForms(counts);
  const groups = group(all, (_, i) => merged.get(forms[i] ?? '') ?? '');
  if (groups.length <= MOST_GROUPS) return groups;
  // Of the rest there is one for each type and encoding.
  const named = new Set(groups.slice(0, MOST_GROUPS - OTHER_KINDS).map(idOf));
  return group(all, ({ key }, i) => {
    const prefix = merged.get(forms[i] ?? '') ?? '';
    return named.has(idOf({ ...key, prefix })) ? prefix : '(other)';
  });
}

/** Types by encodings, more or less. */
const OTHER_KINDS = 20;

const idOf = ({ prefix, type, encoding }: Pick<KeyGroup, 'prefix' | 'type' | 'encoding'>): string =>
  JSON.stringify([prefix, type, encoding]);

function group(all: readonly Looked[], prefixOf: (one: Looked, i: number) => string): readonly KeyGroup[] {
  const members = new Map<string, Looked[]>();
  for (const [i, one] of all.entries()) {
    const id = idOf({ ...one.key, prefix: prefixOf(one, i) });
    const known = members.get(id);
    if (known) known.push(one);
    else members.set(id, [one]);
  }
  return [...members].map(([id, ones]) => summed(id, ones)).sort((a, b) => b.bytes - a.bytes);
}

function summed(id: string, ones: readonly Looked[]): KeyGroup {
  const [prefix, type, encoding] = JSON.parse(id) as [string, string, string];
  const sum = (of: (key: KeyLook) => number): number => ones.reduce((total, { key }) => total + of(key), 0);
  return {
    prefix,
    type,
    encoding,
    keys: ones.length,
    withoutTtl: sum(({ ttlMs }) => (ttlMs === -1 ? 1 : 0)),
    bytes: sum(({ bytes }) => bytes),
    squares: sum(({ bytes }) => bytes ** 2),
    elements: sum(({ elements }) => elements),
    mostElements: ones.reduce((most, { key }) => Math.max(most, key.elements), 0),
    savings: savingsOf(ones.flatMap(({ savings }) => savings)),
  };
}

function savingsOf(all: readonly KeySaving[]): readonly Saving[] {
  const sums = new Map<string, Saving>();
  for (const { change, value, nowBytes, thenBytes } of all) {
    const usual = value === undefined ? undefined : roundUp(value);
    const id = JSON.stringify([change, usual]);
    const { keys, ...before } = sums.get(id) ?? { keys: 0, nowBytes: 0, thenBytes: 0, squares: 0 };
    sums.set(id, {
      change,
      value: usual,
      keys: keys + 1,
      nowBytes: before.nowBytes + nowBytes,
      thenBytes: before.thenBytes + thenBytes,
      squares: before.squares + (nowBytes - thenBytes) ** 2,
    });
  }
  return [...sums.values()];
}

/** The next power of two does as well, and hundreds of values become a few. A size of lists in kilobytes stays, `-2`. */
function roundUp(value: string): string {
  return /^[1-9]\d*$/.test(value) ? String(2 ** Math.ceil(Math.log2(Number(value)))) : value;
}

/** The twenty largest, largest first. */
export function largestOf(all: readonly Looked[]): readonly BigKey[] {
  return [...all]
    .sort((a, b) => b.key.bytes - a.key.bytes)
    .slice(0, MOST_LISTED)
    .map(({ key: { key, ttlMs: _, ...facts } }) => ({ ...facts, key: readable(key) }));
}

export function hotOf(all: readonly Looked[]): KeySample['hot'] {
  const counted = all.flatMap(({ key, frequency }) =>
    frequency === undefined ? [] : [{ key: key.key, frequency }],
  );
  if (counted.length === 0) return undefined;
  return counted
    .sort((a, b) => b.frequency - a.frequency)
    .slice(0, MOST_LISTED)
    .map(({ key, frequency }) => ({ key: readable(key), frequency }));
}
