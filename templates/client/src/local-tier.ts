import { Cache, type LoadOne } from './cache-aside.js';
import type { Definition, Services } from './definition.js';
import { type CacheDefinition, type CacheKeyspace, completeCache, entryKeys } from './keyspace.js';
import { badUse, checkMs } from './names.js';
import { type Watching, watchPrimaries } from './watch.js';

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

/**
 * Reads are answered from memory while every primary is heard; a change anywhere is heard within a network delay. As soon
 * as one is not heard, everything here is forgotten and reads go to Redis.
 *
 * Values are handed out as they are kept: treat them as read-only.
 */
export class LocalCache<Id, Value> {
  readonly #keyspace: CacheKeyspace<Id, Value>;
  readonly #prefix: string;
  readonly #remote: Cache<Id, Value>;
  readonly #watching: Watching;
  readonly #limits: { readonly localMax: number; readonly localMs: number };
  readonly #kept = new Map<string, Kept<Value>>();
  /** Reads under way, by the key that a write would take them off again. */
  readonly #reading = new Map<string, object>();
  #localHits = 0;

  constructor(
    keyspace: CacheKeyspace<Id, Value>,
    services: Services,
    limits: { readonly localMax: number; readonly localMs: number },
  ) {
    this.#keyspace = keyspace;
    this.#prefix = services.keyPrefix;
    this.#remote = new Cache(keyspace, services);
    this.#limits = limits;
    this.#watching = watchPrimaries(services.port, `${services.keyPrefix}${keyspace.name}:`, {
      onWrite: (key) => this.#forget(key),
      onGap: () => this.#forgetAll(),
    });
    services.onClose(async () => this.#watching.stop());
  }

  /** As `getOrSet` of the cache, from memory where the value is there. */
  getOrSet(id: Id, load: LoadOne<Value>): Promise<Value | null> {
    const key = entryKeys(this.#prefix, this.#keyspace, id).value;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > Date.now()) {
      this.#localHits++;
      return Promise.resolve(kept.value);
    }
    return this.#read(key, id, load);
  }

  /** Forgets the value here and everywhere; rejects as `invalidate` of the cache. */
  async invalidate(id: Id): Promise<void> {
    this.#forget(entryKeys(this.#prefix, this.#keyspace, id).value);
    await this.#remote.invalidate(id);
    this.#forget(entryKeys(this.#prefix, this.#keyspace, id).value);
  }

  /** Replaces the value; rejects as `set` of the cache. */
  async set(id: Id, value: Value | null): Promise<void> {
    await this.#remote.set(id, value);
    this.#forget(entryKeys(this.#prefix, this.#keyspace, id).value);
  }

  /** Counts of the cache behind it, and hits in memory. */
  stats() {
    return { ...this.#remote.stats(), localHits: this.#localHits, kept: this.#kept.size };
  }

  /** True while every primary is heard, so that values are kept here. */
  get isListening(): boolean {
    return this.#watching.isComplete();
  }

  async #read(key: string, id: Id, load: LoadOne<Value>): Promise<Value | null> {
    const ticket = {};
    this.#reading.set(key, ticket);
    try {
      const value = await this.#remote.getOrSet(id, load);
      // A write that was heard meanwhile has taken the ticket away: what was read may be older.
      if (this.#reading.get(key) === ticket && this.#watching.isComplete()) this.#keep(key, value);
      return value;
    } finally {
      if (this.#reading.get(key) === ticket) this.#reading.delete(key);
    }
  }

  #keep(key: string, value: Value | null): void {
    const { localMax, localMs } = this.#limits;
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < localMax) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(key, { value, untilMs: Date.now() + Math.min(localMs, this.#keyspace.ttlMs) });
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
