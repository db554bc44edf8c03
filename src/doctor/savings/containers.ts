import { allocated, type QuantumBytes, sdsBytes } from './allocator.ts';
import {
  type Advisor,
  type KeyLook,
  type KeySaving,
  type Settings,
  textsOf,
  threshold,
  wholeUsage,
} from './key.ts';
import {
  countedKeyBytes,
  countsMissingEntries,
  type Layout,
  layoutOf,
  usesDicts,
  usualQuantum,
} from './layout.ts';
import { entryBytes, integerIn, intsetBytes, LISTPACK_FRAME_BYTES } from './listpack.ts';

/** Beyond these a listpack, which is read from its start, costs more time than its memory is worth. */
const MOST_ENTRIES = 512;
const MOST_VALUE_BYTES = 128;
const MOST_LISTPACK_BYTES = 32 * 1024;
/** Searched by halves, but moved as a whole with each new member. */
const MOST_INTEGERS = 1024;

const QUANTUM: QuantumBytes = 8;
const ENTRY_BYTES = 24;
const COLLISION_BYTES = 16;

interface Container {
  readonly type: string;
  readonly encoding: string;
  readonly scan: string;
  /** What the settings are called by: `hash` in `hash-max-listpack-entries`. */
  readonly family: string;
  /** Of these the server must have one, else nothing can be changed. */
  readonly settings: readonly string[];
  /** Texts in the reply for one element, and in a listpack. */
  readonly perElement: number;
  /** Bytes of the big encoding beside its buckets and its elements. */
  readonly headBytes: number;
  /** Bytes of it for each element beside the texts and the entry. */
  readonly nodeBytes: (quantum: QuantumBytes) => number;
  /** Texts of the reply that the big encoding keeps as texts. */
  readonly kept: (texts: readonly Buffer[]) => readonly Buffer[];
}

const HASH: Container = {
  type: 'hash',
  encoding: 'hashtable',
  scan: 'HSCAN',
  family: 'hash',
  settings: ['hash-max-listpack-entries'],
  perElement: 2,
  headBytes: 56,
  nodeBytes: () => 0,
  kept: (texts) => texts,
};

const SET: Container = {
  ...HASH,
  type: 'set',
  scan: 'SSCAN',
  family: 'set',
  settings: ['set-max-listpack-entries', 'set-max-intset-entries'],
  perElement: 1,
};

/** Scores are numbers within nodes of 24 bytes and 16 for each of 1.33 levels; the first node has 32 levels. */
const ZSET: Container = {
  ...HASH,
  type: 'zset',
  encoding: 'skiplist',
  scan: 'ZSCAN',
  family: 'zset',
  settings: ['zset-max-listpack-entries'],
  headBytes: 56 + 16 + 32 + 640,
  nodeBytes: (quantum) => allocated(24 + 16, quantum) + 16 * 0.33,
  kept: (texts) => texts.filter((_, i) => i % 2 === 0),
};

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** What MEMORY USAGE counts for an entry; Redis 8.2 takes those of sorted sets for entries without a value. */
const countedEntryBytes = ({ type }: Container, layout: Layout): number =>
  layout === 'kvobj' && type === 'zset' ? COLLISION_BYTES : ENTRY_BYTES;

/** How many buckets a table may have: some servers double it with the last element that fits, and two are there for a while. */
function bucketCounts(elements: number): readonly number[] {
  const least = 2 ** Math.ceil(Math.log2(elements));
  return least === elements ? [least, 2 * least, 3 * least] : [least, 1.5 * least];
}

/** The quantum with which the figure of MEMORY USAGE comes out better, unless it comes out alike. */
function quantumOf(
  one: Container,
  key: KeyLook,
  texts: readonly Buffer[],
  layout: Layout,
): QuantumBytes | undefined {
  const { bytes, elements } = key;
  const met = texts.length / one.perElement;
  const off = (quantum: QuantumBytes) => {
    const sizes = one.kept(texts).map(({ length }) => allocated(sdsBytes(length), quantum));
    const each = sum(sizes) / met + countedEntryBytes(one, layout) + one.nodeBytes(quantum);
    const rest = bytes - one.headBytes - countedKeyBytes(layout, key, quantum) - elements * each;
    return Math.min(...bucketCounts(elements).map((count) => Math.abs(rest - 8 * count)));
  };
  if (Math.abs(off(16) - off(8)) < elements) return usualQuantum(layout);
  return off(16) < off(8) ? 16 : 8;
}

/** Entries take 24 bytes, or 32 with a quantum of 16, and MEMORY USAGE says something else. Of an unknown quantum the middle. */
function entryError(one: Container, key: KeyLook, texts: readonly Buffer[], layout: Layout): number {
  const quantum = quantumOf(one, key, texts, layout);
  const each = quantum === undefined ? ENTRY_BYTES + 4 : allocated(ENTRY_BYTES, quantum);
  return key.elements * (each - countedEntryBytes(one, layout));
}

/** Members of Redis 7.2 and later have an entry only where they share a bucket. */
function missingEntries(one: Container, { elements }: KeyLook, settings: Settings): number {
  if (one.type !== 'set' || !countsMissingEntries(settings)) return 0;
  const buckets = 2 ** Math.ceil(Math.log2(elements));
  const collisions = elements - buckets * (1 - Math.exp(-elements / buckets));
  return ENTRY_BYTES * elements - COLLISION_BYTES * collisions;
}

/** Sets have entries without values, or none, since Redis 7.2. */
const hasEntries = ({ type }: Container, settings: Settings): boolean =>
  usesDicts(layoutOf(settings)) && (type !== 'set' || !('set-max-listpack-entries' in settings));

/** What the key takes: MEMORY USAGE, set right where it is known to be wrong. */
function trueBytes(one: Container, key: KeyLook, texts: readonly Buffer[], settings: Settings): number {
  const error = hasEntries(one, settings) ? entryError(one, key, texts, layoutOf(settings)) : 0;
  return Math.round(key.bytes - missingEntries(one, key, settings) + error);
}

/** The one setting to raise, or that the key need only be written again; undefined where it takes two. */
function change(
  one: Container,
  { elements }: KeyLook,
  longest: number,
  settings: Settings,
): Pick<KeySaving, 'change' | 'value'> | undefined {
  const entries = `${one.family}-max-listpack-entries`;
  const value = `${one.family}-max-listpack-value`;
  const mayHave = threshold(settings, entries);
  const mayBe = threshold(settings, value);
  if (mayHave === undefined || mayBe === undefined) return undefined;
  if (elements > mayHave) return longest > mayBe ? undefined : { change: entries, value: String(elements) };
  return longest > mayBe
    ? { change: value, value: String(longest) }
    : { change: 'rewrite', value: undefined };
}

function asListpack(
  one: Container,
  key: KeyLook,
  texts: readonly Buffer[],
  settings: Settings,
): readonly KeySaving[] {
  const longest = Math.max(...one.kept(texts).map(({ length }) => length));
  const raise = change(one, key, longest, settings);
  if (!raise || key.elements > MOST_ENTRIES || longest > MOST_VALUE_BYTES) return [];
  const met = texts.length / one.perElement;
  const packed = LISTPACK_FRAME_BYTES + (sum(texts.map(entryBytes)) * key.elements) / met;
  if (packed > MOST_LISTPACK_BYTES) return [];
  return smaller(key, settings, raise, trueBytes(one, key, texts, settings), packed);
}

function smaller(
  key: KeyLook,
  settings: Settings,
  raise: Pick<KeySaving, 'change' | 'value'>,
  nowBytes: number,
  packedBytes: number,
): readonly KeySaving[] {
  const thenBytes =
    countedKeyBytes(layoutOf(settings), key, QUANTUM) + allocated(Math.ceil(packedBytes), QUANTUM);
  return thenBytes < nowBytes ? [{ ...raise, nowBytes, thenBytes }] : [];
}

function asIntset(key: KeyLook, texts: readonly Buffer[], settings: Settings): readonly KeySaving[] {
  const values = texts.map(integerIn).filter((one) => one !== undefined);
  const most = threshold(settings, 'set-max-intset-entries');
  if (most === undefined || values.length < texts.length) return [];
  const raise =
    key.elements > most
      ? { change: 'set-max-intset-entries', value: String(key.elements) }
      : { change: 'rewrite', value: undefined };
  const packed = (intsetBytes(values) * key.elements) / values.length;
  return smaller(key, settings, raise, trueBytes(SET, key, texts, settings), packed);
}

/** Enough for any listpack that is worth it. */
const MOST_BYTES_EACH = 400;

const advisor = (one: Container, most: number, find: typeof asListpack): Advisor => ({
  questions: ({ type, encoding, key, elements, bytes }, settings) =>
    type === one.type &&
    encoding === one.encoding &&
    elements > 0 &&
    elements <= most &&
    bytes <= elements * MOST_BYTES_EACH + 1024 &&
    one.settings.some((name) => name in settings)
      ? [wholeUsage(key, elements), [one.scan, key, '0', 'COUNT', String(elements)]]
      : undefined,
  savings: (key, [usage, reply], settings) => {
    const texts = textsOf(reply);
    const bytes = Number(usage) || key.bytes;
    return texts.length < one.perElement ? [] : find(one, { ...key, bytes }, texts, settings);
  },
});

/** Integers first: nothing is smaller. */
const setSavings: typeof asListpack = (one, key, texts, settings) => {
  const integers = asIntset(key, texts, settings);
  return integers.length > 0 ? integers : asListpack(one, key, texts, settings);
};

export const CONTAINERS: readonly Advisor[] = [
  advisor(HASH, MOST_ENTRIES, asListpack),
  advisor(SET, MOST_INTEGERS, setSavings),
  advisor(ZSET, MOST_ENTRIES, asListpack),
];
