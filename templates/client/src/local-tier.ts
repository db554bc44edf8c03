import { Cache, type CacheStats, type LoadOne } from './cache-aside.js';
import type { Definition, Services } from './definition.js';
import { type CacheDefinition, type CacheKeyspace, completeCache, valueKeyStart } from './keyspace.js';
import type { LoadMany } from './loads.js';
import { badUse, checkMs, encodeId } from './names.js';
import { type Watching, watchPrimaries } from './watch.js';

export type {
  CacheDefinition,
  CacheKeyspace,
  CacheStats,
  LoadContext,
  LoadMany,
  LoadOne,
} from './cache-aside.js';

export interface LocalDefinition<Id, Value> extends CacheDefinition<Id, Value> {
  /**
   * How many values this process keeps; those kept longest go first.
   *
   * @default 10000
   */
  readonly localMax?: number;
  /**
   * How long a value is kept here at most, in milliseconds: the bound on how old an answer can be while the server that
   * would announce a change is cut off and nobody has noticed yet.
   *
   * @default 10000
   */
  readonly localMs?: number;
}

/** A cache with the hottest values in the memory of the process; the server announces what changes. */
export function localCache<Id, Value>(
  definition: LocalDefinition<Id, Value>,
): Definition<LocalCache<Id, Value>> {
  const { name, localMax = 10_000, localMs = 10_000, tags } = definition;
  checkMs(name, 'localMs', localMs);
  if (!(Number.isInteger(localMax) && localMax >= 1))
    throw badUse(`'${name}' needs a localMax of at least 1.`);
  // What a tag made invalid is announced under the tag's key, which says nothing of its entries.
  if (tags !== undefined) throw badUse(`'${name}' cannot have tags and be kept locally.`);
  const keyspace = completeCache(definition);
  return { name, open: (services) => new LocalCache(keyspace, services, { localMax, localMs }) };
}

interface Kept<Value> {
  readonly value: Value | null;
  readonly untilMs: number;
}

interface LocalLimits {
  readonly localMax: number;
  readonly localMs: number;
}

/** Counts since the start. */
export type LocalCacheStats = CacheStats & {
  /** Answers from the memory of the process. */
  readonly localHits: number;
  /** Values that are kept now. */
  readonly kept: number;
};

/**
 * Reads are answered from memory while every primary is heard; a change anywhere is heard within a network delay. As soon
 * as one is not heard, everything here is forgotten and reads go to Redis.
 *
 * Values are handed out as they are kept: treat them as read-only.
 */
export class LocalCache<Id, Value> {
  readonly #keyspace: CacheKeyspace<Id, Value>;
  readonly #remote: Cache<Id, Value>;
  readonly #watching: Watching;
  readonly #limits: LocalLimits;
  readonly #kept = new Map<string, Kept<Value>>();
  /** Reads under way; a write that is heard takes them off, since what they bring may be older. */
  readonly #reading = new Map<string, object>();
  #localHits = 0;

  constructor(keyspace: CacheKeyspace<Id, Value>, services: Services, limits: LocalLimits) {
    this.#keyspace = keyspace;
    this.#remote = new Cache(keyspace, services);
    this.#limits = limits;
    const start = valueKeyStart(services.keyPrefix, keyspace);
    this.#watching = watchPrimaries(services.port, start, {
      // An invalidation during a load finds no value, but takes the lease away: what befalls one key of an entry counts for all.
      onWrite: (key) => this.#forget(key.slice(start.length, key.lastIndexOf('}'))),
      onGap: () => this.#forgetAll(),
    });
    services.onClose(async () => this.#watching.stop());
  }

  /** As `getOrSet` of the cache, from memory where the value is there. */
  getOrSet(id: Id, load: LoadOne<Value>): Promise<Value | null> {
    const key = this.#text(id);
    const kept = this.#find(key);
    return kept === undefined ? this.#read(key, id, load) : Promise.resolve(kept.value);
  }

  /** As `getMany` of the cache; only what is not in memory is asked of Redis. */
  async getMany(ids: readonly Id[], load: LoadMany<Id, Value>): Promise<(Value | null)[]> {
    const keys = ids.map((id) => this.#text(id));
    const found = keys.map((key) => this.#find(key));
    const missing = ids.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found.map((kept) => kept?.value ?? null);
    const missingKeys = keys.filter((_, i) => found[i] === undefined);
    const tickets = missingKeys.map((key) => this.#begin(key));
    try {
      const values = await this.#remote.getMany(missing, load);
      for (const [i, value] of values.entries()) this.#keep(missingKeys[i] ?? '', tickets[i], value);
      const rest = values.values();
      return found.map((kept) => (kept === undefined ? (rest.next().value ?? null) : kept.value));
    } finally {
      for (const [i, key] of missingKeys.entries()) this.#end(key, tickets[i]);
    }
  }

  /** Forgets the value here and everywhere; rejects as `invalidate` of the cache. */
  invalidate(id: Id): Promise<void> {
    return this.#write(id, () => this.#remote.invalidate(id));
  }

  /** Has the value loaded anew; rejects as `expire` of the cache. */
  expire(id: Id): Promise<void> {
    return this.#write(id, () => this.#remote.expire(id));
  }

  /** Replaces the value; rejects as `set` of the cache. */
  set(id: Id, value: Value | null): Promise<void> {
    return this.#write(id, () => this.#remote.set(id, value));
  }

  /** Forgets every entry here and everywhere; as `clear` of the cache. */
  async clear(): Promise<void> {
    this.#forgetAll();
    try {
      await this.#remote.clear();
    } finally {
      this.#forgetAll();
    }
  }

  /** Counts of the cache behind it, and hits in memory. */
  stats(): LocalCacheStats {
    return { ...this.#remote.stats(), localHits: this.#localHits, kept: this.#kept.size };
  }

  /** True while every primary is heard, so that values are kept here. */
  get isListening(): boolean {
    return this.#watching.isComplete();
  }

  /** What is read while the write is on its way may be the old value, so it is forgotten before and after. */
  async #write(id: Id, write: () => Promise<void>): Promise<void> {
    const key = this.#text(id);
    this.#forget(key);
    try {
      await write();
    } finally {
      this.#forget(key);
    }
  }

  /** The part of its keys that tells one entry from another; the rest they have in common. */
  #text(id: Id): string {
    return encodeId(this.#keyspace.key(id));
  }

  #find(key: string): Kept<Value> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.untilMs <= Date.now()) return undefined;
    this.#localHits++;
    return kept;
  }

  async #read(key: string, id: Id, load: LoadOne<Value>): Promise<Value | null> {
    const ticket = this.#begin(key);
    try {
      const value = await this.#remote.getOrSet(id, load);
      this.#keep(key, ticket, value);
      return value;
    } finally {
      this.#end(key, ticket);
    }
  }

  #begin(key: string): object {
    const ticket = {};
    this.#reading.set(key, ticket);
    return ticket;
  }

  #end(key: string, ticket: object | undefined): void {
    if (this.#reading.get(key) === ticket) this.#reading.delete(key);
  }

  #keep(key: string, ticket: object | undefined, value: Value | null): void {
    if (ticket === undefined || this.#reading.get(key) !== ticket || !this.#watching.isComplete()) return;
    const { localMax, localMs } = this.#limits;
    const { ttlMs, negativeTtlMs } = this.#keyspace;
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < localMax) break;
      this.#kept.delete(oldest);
    }
    const keepMs = Math.min(localMs, value === null ? negativeTtlMs : ttlMs);
    this.#kept.set(key, { value, untilMs: Date.now() + keepMs });
  }

  #forget(key: string): void {
    this.#kept.delete(key);
    this.#reading.delete(key);
  }

  #forgetAll(): void {
    this.#kept.clear();
    this.#reading.clear();
  }
}
