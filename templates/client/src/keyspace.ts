import { RedisError } from './errors.js';
import type { StandardSchema } from './schema.js';

export type KeyPart = string | number | bigint | boolean;

export interface CacheDefinition<Id, Value> {
  /** Part of every key, such as `user`: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /**
   * Part of every key; raise it when the shape of the value changes, and old entries are never read again.
   *
   * @default 1
   */
  readonly version?: number;
  /** What tells one entry from another. Parts are encoded, so any text is safe. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * Checks values that come from Redis; one that fails counts as a miss. Values are stored as JSON.
   *
   * @default values are trusted
   */
  readonly schema?: StandardSchema<Value>;
  /** How long a value is kept, in milliseconds. */
  readonly ttlMs: number;
  /**
   * How far lifetimes are spread, as a share of them, so that entries made together do not end together.
   *
   * @default 0.1
   */
  readonly jitter?: number;
  /**
   * How long it is remembered that there is no value (the loader gave `null` or `undefined`), in milliseconds; 0 forgets
   * at once.
   *
   * @default 10000, or `ttlMs` if that is less
   */
  readonly negativeTtlMs?: number;
  /**
   * How much longer than `ttlMs` a spare copy is kept, in milliseconds, to be served when the loader fails. The copy
   * doubles the memory of an entry.
   *
   * @default 0, which keeps none
   */
  readonly graceMs?: number;
  /**
   * The longest a load is expected to take, in milliseconds. Other callers and other processes wait this long for it
   * before one of them loads as well.
   *
   * @default 10000
   */
  readonly maxLoadMs?: number;
}

/** A definition with its defaults, for `redis.cache()`. */
export type CacheKeyspace<Id, Value> = Required<Omit<CacheDefinition<Id, Value>, 'schema'>> &
  Pick<CacheDefinition<Id, Value>, 'schema'>;

/** Names a set of cache entries of one type; throws `redis/bad-use` if the definition cannot work. */
export function cache<Id, Value>(definition: CacheDefinition<Id, Value>): CacheKeyspace<Id, Value> {
  const { name, ttlMs, jitter = 0.1 } = definition;
  if (!/^[\w.-]+$/.test(name))
    throw badUse(`The cache name '${name}' has more than letters, digits, '_', '.' and '-'.`);
  if (!(ttlMs >= 1)) throw badUse(`The cache '${name}' needs a ttlMs of at least 1.`);
  if (!(jitter >= 0 && jitter < 1)) throw badUse(`The cache '${name}' needs a jitter from 0 to below 1.`);
  return {
    version: 1,
    negativeTtlMs: Math.min(10_000, ttlMs),
    graceMs: 0,
    maxLoadMs: 10_000,
    ...definition,
    jitter,
  };
}

/** The keys of one entry. They share the hash tag `{id}`, hence a slot, and can be changed together. */
export interface EntryKeys {
  readonly value: string;
  readonly lease: string;
  readonly spare: string;
}

/** Makes the keys of an entry: `prefix` + `name:v1:{id}`. Different ids give different keys. */
export function entryKeys<Id>(
  prefix: string,
  keyspace: Pick<CacheKeyspace<Id, unknown>, 'name' | 'version' | 'key'>,
  id: Id,
): EntryKeys {
  const value = `${prefix}${keyspace.name}:v${keyspace.version}:{${encodeId(keyspace.key(id))}}`;
  return { value, lease: `${value}:lease`, spare: `${value}:spare` };
}

/** Joins parts with `:`, in an alphabet without braces, so that an id can neither end the hash tag nor begin one. */
export function encodeId(parts: readonly KeyPart[]): string {
  if (parts.length === 0) throw badUse('A cache key has no parts.');
  return parts.map(encodePart).join(':');
}

function encodePart(part: KeyPart): string {
  const text = String(part);
  // A bare percent sign stands for the empty text: no other text is encoded so.
  if (text === '') return '%';
  try {
    return encodeURIComponent(text);
  } catch {
    throw badUse(`The key part ${JSON.stringify(text)} is not well-formed Unicode.`);
  }
}

const badUse = (message: string) => new RedisError('redis/bad-use', message);
