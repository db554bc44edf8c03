import { allocated, type QuantumBytes, sdsBytes } from './allocator.ts';
import type { KeyLook, Settings } from './key.ts';

/**
 * How servers lay keys out in memory. `dict`: Redis up to 8.0, an entry that points to the name and the value.
 * `named-dict`: Valkey 8.0, the name within the entry. `embedded`: Valkey 8.1, the name within the value.
 * `embedded-wide`: Valkey 9 and later, the same and room for longer strings.
 */
export type Layout = 'dict' | 'named-dict' | 'embedded' | 'embedded-wide';

export function layoutOf(settings: Settings): Layout {
  if ('cluster-slot-migration-log-max-len' in settings) return 'embedded-wide';
  if ('commandlog-slow-execution-max-len' in settings) return 'embedded';
  return 'extended-redis-compatibility' in settings ? 'named-dict' : 'dict';
}

/** Redis 7.2 to 8.0: MEMORY USAGE counts an entry for each member of a set, though most have none. */
export const countsMissingEntries = (settings: Settings): boolean =>
  layoutOf(settings) === 'dict' && 'set-max-listpack-entries' in settings;

export const usesDicts = (layout: Layout): boolean => layout === 'dict' || layout === 'named-dict';

const ENTRY_BYTES = 24;
/** Of Valkey 8.0, before the name. */
const NAMED_ENTRY_BYTES = 19;
const OBJECT_BYTES = 16;
const POINTER_BYTES = 8;

/** What a place in the table of all keys takes, on average over how full it is between two doublings. */
export const BUCKET_BYTES = 12;

/** What a key takes beside its value's own allocation. */
export function keyBytes(layout: Layout, nameLength: number, quantumBytes: QuantumBytes): number {
  const size = (bytes: number) => allocated(bytes, quantumBytes);
  const name = sdsBytes(nameLength);
  if (layout === 'dict') return size(name) + size(ENTRY_BYTES) + OBJECT_BYTES;
  if (layout === 'named-dict') return size(NAMED_ENTRY_BYTES + name) + OBJECT_BYTES;
  return size(OBJECT_BYTES + 1 + name);
}

/** A key of type string. */
export interface StringShape {
  readonly nameLength: number;
  /** Undefined for a value that is kept as an integer. */
  readonly valueLength: number | undefined;
  readonly ttl: boolean;
}

/** The longest value that is kept within its object, or the largest such object. */
const EMBEDDED_VALUE = 44;
const EMBEDDED_OBJECT = { embedded: 64, 'embedded-wide': 128 } as const;

const embeds = (layout: Layout, length: number, whole: number): boolean =>
  layout === 'dict' || layout === 'named-dict'
    ? length <= EMBEDDED_VALUE
    : length < 256 && whole <= EMBEDDED_OBJECT[layout];

/** What a string takes with its name, place in the table of all keys aside, and how it is encoded. */
export function stringBytes(
  layout: Layout,
  { nameLength, valueLength, ttl }: StringShape,
  quantumBytes: QuantumBytes,
): { readonly bytes: number; readonly encoding: string } {
  const bare = keyBytes(layout, nameLength, quantumBytes);
  const size = (bytes: number) => allocated(bytes, quantumBytes);
  const expire = ttl ? 8 : 0;
  const named = OBJECT_BYTES + 1 + sdsBytes(nameLength) + expire;
  const apart = usesDicts(layout) ? bare : size(named);
  if (valueLength === undefined) return { bytes: apart, encoding: 'int' };
  const value = sdsBytes(valueLength, 3);
  const whole = named + value - (layout === 'embedded-wide' ? POINTER_BYTES : 0);
  if (!embeds(layout, valueLength, whole)) return { bytes: apart + size(value), encoding: 'raw' };
  const bytes = usesDicts(layout) ? bare - OBJECT_BYTES + size(OBJECT_BYTES + value) : size(whole);
  return { bytes, encoding: 'embstr' };
}

/** What MEMORY USAGE leaves out of a string: part of the entry of a dict; the name where it is within an object of 8.1. */
function unsaid(
  layout: Layout,
  { encoding }: KeyLook,
  shape: StringShape,
  quantumBytes: QuantumBytes,
): number {
  if (layout === 'dict') return allocated(ENTRY_BYTES, quantumBytes) - ENTRY_BYTES;
  if (layout !== 'embedded' || encoding === 'embstr') return 0;
  const named = OBJECT_BYTES + 1 + sdsBytes(shape.nameLength) + (shape.ttl ? 8 : 0);
  return allocated(named, quantumBytes) - OBJECT_BYTES;
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
