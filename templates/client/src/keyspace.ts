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
   * @default 30000
   */
  readonly hardTimeoutMs?: number;
  /**
   * How many loads may run at a time in this process; more wait their turn. A bound protects the source when Redis is away
   * and every read is a load.
   *
   * @default Infinity
   */
  readonly maxLoads?: number;
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
  const keyspace: CacheKeyspace<Id, Value> = {
    version: 1,
    jitter: 0.1,
    negativeTtlMs: Math.min(10_000, definition.ttlMs),
    graceMs: 0,
    maxLoadMs: 10_000,
    serveSpare: 'on-error',
    softTimeoutMs: Number.POSITIVE_INFINITY,
    hardTimeoutMs: 30_000,
    maxLoads: Number.POSITIVE_INFINITY,
    earlyRefresh: 0,
    tags: () => [],
    hasTags: definition.tags !== undefined,
    ...definition,
  };
  checkCache(keyspace);
  return keyspace;
}

function checkCache<Id, Value>(keyspace: CacheKeyspace<Id, Value>): void {
  const { name, version, jitter, earlyRefresh, maxLoads } = keyspace;
  checkName(name);
  const expect = (isFine: boolean, what: string): void => {
    if (!isFine) throw badUse(`The cache '${name}' needs ${what}.`);
  };
  expect(Number.isSafeInteger(version) && version >= 0, 'a version that is a whole number');
  expect(jitter >= 0 && jitter < 1, 'a jitter from 0 to below 1');
  expect(earlyRefresh >= 0 && earlyRefresh < 100, 'an earlyRefresh from 0 to below 100');
  expect(maxLoads >= 1, 'maxLoads of at least 1');
  for (const option of ['ttlMs', 'maxLoadMs'] as const) checkMs(name, option, keyspace[option]);
  for (const option of ['negativeTtlMs', 'graceMs'] as const)
    if (keyspace[option] !== 0) checkMs(name, option, keyspace[option]);
  for (const option of ['softTimeoutMs', 'hardTimeoutMs'] as const)
    if (keyspace[option] !== Number.POSITIVE_INFINITY) checkMs(name, option, keyspace[option]);
}

/** The keys of one entry. They share the hash tag `{id}`, hence a slot, and can be changed together. */
export interface EntryKeys {
  readonly value: string;
  readonly lease: string;
  readonly spare: string;
}

type Named<Id> = Pick<CacheKeyspace<Id, unknown>, 'name' | 'version' | 'key'>;

/** What the keys of all entries begin with. */
export function valueKeyStart(
  prefix: string,
  { name, version }: Pick<Named<never>, 'name' | 'version'>,
): string {
  return `${prefix}${name}:v${version}:{`;
}

/** What makes the key of a value: `prefix` + `name:v1:{id}`. Different ids give different keys. */
export function valueKeys<Id>(prefix: string, named: Named<Id>): (id: Id) => string {
  const start = valueKeyStart(prefix, named);
  return (id) => `${start}${encodeId(named.key(id))}}`;
}

/** Makes the keys of an entry. */
export function entryKeys<Id>(prefix: string, keyspace: Named<Id>, id: Id): EntryKeys {
  const value = valueKeys(prefix, keyspace)(id);
  return { value, lease: `${value}:lease`, spare: `${value}:spare` };
}
