import { badUse, checkMs, checkName, encodeId, type KeyPart } from './names.js';
import type { StandardSchema } from './schema.js';

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
   * When the spare copy is served: `on-error`, when the loader fails; `while-loading`, at once while one load goes on in
   * the background. Only with `graceMs`.
   *
   * @default 'on-error'
   */
  readonly serveSpare?: 'on-error' | 'while-loading';
  /**
   * How long a caller waits for a load when there is a spare copy, in milliseconds; then it gets that, and the load goes on.
   *
   * @default Infinity
   */
  readonly softTimeoutMs?: number;
  /**
   * How long a load may take, in milliseconds; then its signal is aborted and callers get the spare copy, or
   * `redis/load-timeout`.
   *
   * @default Infinity
   */
  readonly hardTimeoutMs?: number;
  /**
   * How eagerly a value is loaded anew before it ends, in the background and by one of many callers; 1 is the value of the
   * paper, 0 turns it off.
   *
   * @default 0
   */
  readonly earlyRefresh?: number;
  /**
   * Tags of an entry, such as `org:7`: `invalidateTag` makes all entries with that tag invalid. They follow from the id,
   * so that they are known before the load and an invalidation during it is noticed.
   *
   * @default no tags
   */
  readonly tags?: (id: Id) => readonly string[];
  /**
   * The longest a load is expected to take, in milliseconds. Other callers and other processes wait this long for it
   * before one of them loads as well.
   *
   * @default 10000
   */
  readonly maxLoadMs?: number;
}

/** A definition with its defaults. */
export type CacheKeyspace<Id, Value> = Required<Omit<CacheDefinition<Id, Value>, 'schema'>> &
  Pick<CacheDefinition<Id, Value>, 'schema'> & { readonly hasTags: boolean };

/** A definition with its defaults; throws `redis/bad-use` if it cannot work. */
export function completeCache<Id, Value>(definition: CacheDefinition<Id, Value>): CacheKeyspace<Id, Value> {
  const { name, ttlMs, jitter = 0.1, softTimeoutMs, hardTimeoutMs } = definition;
  checkName(name);
  checkMs(name, 'ttlMs', ttlMs);
  if (!(jitter >= 0 && jitter < 1)) throw badUse(`The cache '${name}' needs a jitter from 0 to below 1.`);
  for (const [option, ms] of Object.entries({ softTimeoutMs, hardTimeoutMs }))
    if (ms !== undefined && ms !== Number.POSITIVE_INFINITY) checkMs(name, option, ms);
  return {
    version: 1,
    negativeTtlMs: Math.min(10_000, ttlMs),
    graceMs: 0,
    maxLoadMs: 10_000,
    serveSpare: 'on-error',
    softTimeoutMs: Number.POSITIVE_INFINITY,
    hardTimeoutMs: Number.POSITIVE_INFINITY,
    earlyRefresh: 0,
    tags: () => [],
    hasTags: definition.tags !== undefined,
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
