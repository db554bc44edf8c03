import { allocated } from './allocator.ts';
import { type Advisor, type KeyLook, type KeySaving, type Settings, threshold } from './key.ts';
import {
  bucketBytes,
  keyBytes,
  type Layout,
  layoutOf,
  quantumOfString,
  shapeOf,
  stringBytes,
} from './layout.ts';
import { integerIn, LISTPACK_FRAME_BYTES, textEntryBytes } from './listpack.ts';

/** A number of twenty digits in quotes, and some room. */
const LONGEST_NUMBER = 24;

/** A whole number that is written with a sign, zeros in front, spaces, quotes or a point. */
const WRITTEN_NUMBER = /^["'\s]*\+?(-?)0*(\d+)(?:\.0*)?["'\s]*$/;

function isWholeNumber(value: Buffer): boolean {
  const [, sign = '', digits] = WRITTEN_NUMBER.exec(value.toString('latin1')) ?? [];
  return digits !== undefined && integerIn(Buffer.from(digits === '0' ? '0' : sign + digits)) !== undefined;
}

/** A text that says a number, but is not kept as one. */
export const INTEGER_STRINGS: Advisor = {
  questions: ({ type, encoding, key, elements }) =>
    type === 'string' && encoding !== 'int' && elements > 0 && elements <= LONGEST_NUMBER
      ? [['GETRANGE', key, '0', String(elements)]]
      : undefined,
  savings: (key, [reply], settings) => {
    if (!Buffer.isBuffer(reply) || !isWholeNumber(reply)) return [];
    return asString(key, settings, 'integer-strings', (shape) => ({ ...shape, valueLength: undefined }));
  },
};

/** Longer names are worth a thought; a name of this length says enough. */
export const NAME_BYTES = 24;

export const SHORTER_NAMES: Advisor = {
  questions: ({ key }) => (key.length > NAME_BYTES ? [] : undefined),
  savings: (key, _, settings) => {
    if (key.type === 'string')
      return asString(key, settings, 'shorter-names', (shape) => ({ ...shape, nameLength: NAME_BYTES }));
    const layout = layoutOf(settings);
    const named = (length: number) => keyBytes(layout, length, 8, key.ttlMs >= 0);
    const less = named(key.key.length) - named(NAME_BYTES);
    return saving('shorter-names', key.bytes, key.bytes - less);
  },
};

type Reshape = (shape: ReturnType<typeof shapeOf>) => ReturnType<typeof shapeOf>;

/** Only where MEMORY USAGE is what this layout makes of it: else this server lays keys out in another way. */
function asString(key: KeyLook, settings: Settings, change: string, reshape: Reshape): readonly KeySaving[] {
  const layout = layoutOf(settings);
  const quantum = quantumOfString(layout, key);
  if (quantum === undefined) return [];
  const size = (shape: ReturnType<typeof shapeOf>) => stringBytes(layout, shape, quantum).bytes;
  return saving(change, size(shapeOf(key)), size(reshape(shapeOf(key))));
}

const saving = (change: string, nowBytes: number, thenBytes: number): readonly KeySaving[] =>
  thenBytes < nowBytes ? [{ change, value: undefined, nowBytes, thenBytes }] : [];

/** So many strings to a hash, told apart by the last two digits of their names. */
export const STRINGS_PER_HASH = 100;
const DIGITS = 2;
/** `00` to `09` are kept as texts of four bytes, the others as numbers of two. */
const FIELD_BYTES = 2.2;
const NUMBERED = /\d{3}$/;

export const STRINGS_IN_HASHES: Advisor = {
  questions: (key, settings) => (fitsHash(key, settings) ? [] : undefined),
  savings: (key, _, settings) => {
    const layout = layoutOf(settings);
    const quantum = quantumOfString(layout, key);
    if (quantum === undefined) return [];
    const nowBytes = stringBytes(layout, shapeOf(key), quantum).bytes + bucketBytes(layout);
    return saving('strings-in-hashes', nowBytes, shareBytes(layout, key));
  },
};

function fitsHash({ type, key, elements, ttlMs }: KeyLook, settings: Settings): boolean {
  const entries = threshold(settings, 'hash-max-listpack-entries') ?? 0;
  const value = threshold(settings, 'hash-max-listpack-value') ?? 0;
  return (
    type === 'string' &&
    ttlMs < 0 &&
    entries >= STRINGS_PER_HASH &&
    elements <= value &&
    NUMBERED.test(key.toString('latin1', Math.max(0, key.length - 3)))
  );
}

/** What one of the strings takes within a hash. */
function shareBytes(layout: Layout, { key, encoding, elements }: KeyLook): number {
  const value = encoding === 'int' ? integerEntryBytes(elements) : textEntryBytes(elements);
  const packed = allocated(Math.ceil(LISTPACK_FRAME_BYTES + STRINGS_PER_HASH * (FIELD_BYTES + value)), 8);
  const hash = keyBytes(layout, key.length - DIGITS, 8) + bucketBytes(layout);
  return Math.round((packed + hash) / STRINGS_PER_HASH);
}

/** Of a number of which only the digits are known. */
const integerEntryBytes = (digits: number): number =>
  [2, 2, 2, 3, 3.6, 5, 5, 6, 6, 6][digits] ?? (digits >= 10 ? 10 : 2);
