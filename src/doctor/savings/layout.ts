import { allocated, type QuantumBytes, sdsBytes } from './allocator.ts';
import type { KeyLook, Settings } from './key.ts';

/**
 * How servers lay keys out in memory. `dict`: Redis up to 8.0, an entry that points to the name and the value.
 * `kvobj`: Redis 8.2, the name within the value, and an entry only for keys that share a bucket.
 * `named-dict`: Valkey 8.0, the name within the entry. `embedded`: Valkey 8.1, the name within the value.
 * `embedded-wide`: Valkey 9 and later, the same and room for longer strings.
 */
export type Layout = 'dict' | 'kvobj' | 'named-dict' | 'embedded' | 'embedded-wide';

export function layoutOf(settings: Settings): Layout {
  if ('cluster-slot-migration-log-max-len' in settings) return 'embedded-wide';
  if ('commandlog-slow-execution-max-len' in settings) return 'embedded';
  if ('extended-redis-compatibility' in settings) return 'named-dict';
  return isRedis82(settings) ? 'kvobj' : 'dict';
}

/** It has what came with 8.2, and not what came with 8.4, the next line, of which nothing was measured. */
const isRedis82 = (settings: Settings): boolean =>
  'cluster-slot-stats-enabled' in settings && !('cluster-slot-migration-handoff-max-lag-bytes' in settings);

/** Redis 7.2 and later: MEMORY USAGE counts an entry for each member of a set, though most have none. */
export const countsMissingEntries = (settings: Settings): boolean =>
  ['dict', 'kvobj'].includes(layoutOf(settings)) && 'set-max-listpack-entries' in settings;

/** Whether each key has an entry in the table of all keys. */
const keysHaveEntries = (layout: Layout): boolean => layout === 'dict' || layout === 'named-dict';

/** Whether fields of hashes and members of sorted sets have entries in tables of their own. */
export const usesDicts = (layout: Layout): boolean => layout === 'kvobj' || keysHaveEntries(layout);

/**
 * The quantum to reckon with where it does not show; undefined where either is likely. Redis up to 8.0 and Valkey are in
 * distributions, Redis 8.2 comes with an allocator of its own.
 */
export const usualQuantum = (layout: Layout): QuantumBytes | undefined =>
  layout === 'kvobj' ? 8 : undefined;

const ENTRY_BYTES = 24;
/** Of Valkey 8.0, before the name. */
const NAMED_ENTRY_BYTES = 19;
const OBJECT_BYTES = 16;
const POINTER_BYTES = 8;
const EXPIRY_BYTES = 8;
/** Objects with names from this length on keep room for an expiry. */
const EXPIRING_NAME = 128;

/**
 * What a place in the table of all keys takes, on average over how full it is between two doublings; in Redis 8.2 with the
 * entries of keys that share one.
 */
export const bucketBytes = (layout: Layout): number => (layout === 'kvobj' ? 16 : 12);

/** An object with a name in it. */
function namedBytes(nameLength: number, ttl: boolean): number {
  const expires = ttl || nameLength >= EXPIRING_NAME;
  return OBJECT_BYTES + 1 + sdsBytes(nameLength) + (expires ? EXPIRY_BYTES : 0);
}

/** What a key takes beside its value's own allocation. */
export function keyBytes(
  layout: Layout,
  nameLength: number,
  quantumBytes: QuantumBytes,
  ttl = false,
): number {
  const size = (bytes: number) => allocated(bytes, quantumBytes);
  const name = sdsBytes(nameLength);
  if (layout === 'dict') return size(name) + size(ENTRY_BYTES) + OBJECT_BYTES;
  if (layout === 'named-dict') return size(NAMED_ENTRY_BYTES + name) + OBJECT_BYTES;
  return size(namedBytes(nameLength, ttl));
}

/** What MEMORY USAGE counts of a key beside its value's own allocation: up to 8.0 the entry as it is asked for, in Valkey 8.1 no name. */
export function countedKeyBytes(layout: Layout, { key, ttlMs }: KeyLook, quantumBytes: QuantumBytes): number {
  if (layout === 'embedded') return OBJECT_BYTES;
  const bytes = keyBytes(layout, key.length, quantumBytes, ttlMs >= 0);
  return layout === 'dict' ? bytes - unsaidEntry(quantumBytes) : bytes;
}

const unsaidEntry = (quantumBytes: QuantumBytes): number =>
  allocated(ENTRY_BYTES, quantumBytes) - ENTRY_BYTES;

/** A key of type string. */
export interface StringShape {
  readonly nameLength: number;
  /** Undefined for a value that is kept as an integer. */
  readonly valueLength: number | undefined;
  readonly ttl: boolean;
}

/** The longest value that is kept within its object, or the largest such object. */
const EMBEDDED_VALUE = 44;
const EMBEDDED_OBJECT = 64;
const WIDE_OBJECT = 128;

/** Whether name and value fit one object: each name is taken for a short one, and room that is left over does for an expiry. */
function fitsObject(shape: StringShape, whole: number, quantumBytes: QuantumBytes): boolean {
  const { nameLength, valueLength = 0, ttl } = shape;
  const bytes = OBJECT_BYTES + nameLength + 3 + sdsBytes(valueLength, 3);
  const hasRoom = ttl && allocated(whole - EXPIRY_BYTES, quantumBytes) >= whole;
  return bytes + (ttl && !hasRoom ? EXPIRY_BYTES : 0) <= EMBEDDED_OBJECT;
}

function embeds(layout: Layout, shape: StringShape, whole: number, quantumBytes: QuantumBytes): boolean {
  const { valueLength = 0 } = shape;
  if (keysHaveEntries(layout)) return valueLength <= EMBEDDED_VALUE;
  if (layout === 'embedded-wide') return valueLength < 256 && whole <= WIDE_OBJECT;
  return fitsObject(shape, whole, quantumBytes);
}

/** The smallest header of a value that has an allocation of its own: a short one that did not fit beside its name is copied, and gets the shortest. */
const leastHeader = (layout: Layout, valueLength: number): 1 | 3 =>
  !keysHaveEntries(layout) && valueLength <= EMBEDDED_VALUE ? 1 : 3;

/** Valkey 9 puts the value where its address would be. */
const insteadOfPointer = (valueBytes: number): number => Math.max(0, valueBytes - POINTER_BYTES);

/** What a string takes with its name, place in the table of all keys aside, and how it is encoded. */
export function stringBytes(
  layout: Layout,
  shape: StringShape,
  quantumBytes: QuantumBytes,
): { readonly bytes: number; readonly encoding: string } {
  const { nameLength, valueLength, ttl } = shape;
  const bare = keyBytes(layout, nameLength, quantumBytes, ttl);
  const size = (bytes: number) => allocated(bytes, quantumBytes);
  if (valueLength === undefined) return { bytes: bare, encoding: 'int' };
  const value = sdsBytes(valueLength, 3);
  const whole = namedBytes(nameLength, ttl) + (layout === 'embedded-wide' ? insteadOfPointer(value) : value);
  if (!embeds(layout, shape, whole, quantumBytes))
    return { bytes: bare + size(sdsBytes(valueLength, leastHeader(layout, valueLength))), encoding: 'raw' };
  const bytes = keysHaveEntries(layout) ? bare - OBJECT_BYTES + size(OBJECT_BYTES + value) : size(whole);
  return { bytes, encoding: 'embstr' };
}

/** What MEMORY USAGE leaves out of a string: part of the entry of a dict; the name where it is within an object of 8.1. */
function unsaid(
  layout: Layout,
  { encoding }: KeyLook,
  { nameLength, ttl }: StringShape,
  quantumBytes: QuantumBytes,
): number {
  if (layout === 'dict') return unsaidEntry(quantumBytes);
  if (layout !== 'embedded' || encoding === 'embstr') return 0;
  return keyBytes(layout, nameLength, quantumBytes, ttl) - OBJECT_BYTES;
}

/** The quantum with which MEMORY USAGE of a string comes out to the byte; undefined where this is a layout unknown here. */
export function quantumOfString(layout: Layout, key: KeyLook): QuantumBytes | undefined {
  const shape = shapeOf(key);
  return ([8, 16] as const).find((quantumBytes) => {
    const { bytes, encoding } = stringBytes(layout, shape, quantumBytes);
    return encoding === key.encoding && bytes - unsaid(layout, key, shape, quantumBytes) === key.bytes;
  });
}

export const shapeOf = ({ key, elements, encoding, ttlMs }: KeyLook): StringShape => ({
  nameLength: key.length,
  valueLength: encoding === 'int' ? undefined : elements,
  ttl: ttlMs >= 0,
});
