import { Codec } from './codec.js';
import type { Guard } from './guard.js';
import { type CacheKeyspace, entryKeys } from './keyspace.js';
import { Leases } from './leases.js';
import { type LoadCounts, type LoadMany, Loads } from './loads.js';
import type { RedisPort } from './port.js';
import { type Entry, type ReadCounts, Reads } from './reads.js';
import { persist } from './retry.js';

export interface CacheServices {
  readonly port: RedisPort;
  readonly guard: Guard;
  readonly keyPrefix: string;
  readonly writeWithinMs: number;
}

/** How often what happened since the start. */
export type CacheStats = Readonly<ReadCounts & LoadCounts>;

/**
 * Values in Redis in front of a slower source of truth.
 *
 * A read that begins after `invalidate()` has resolved never gets an older value, whichever process was loading it at
 * the time. Without Redis, reads are answered by the loader, one load at a time for a key in each process.
 */
export class Cache<Id, Value> {
  readonly #keyspace: CacheKeyspace<Id, Value>;
  readonly #services: CacheServices;
  readonly #codec: Codec<Value>;
  readonly #leases: Leases;
  readonly #reads: Reads<Id, Value>;
  readonly #loads: Loads<Id, Value>;

  constructor(keyspace: CacheKeyspace<Id, Value>, services: CacheServices) {
    const { port, guard } = services;
    this.#keyspace = keyspace;
    this.#services = services;
    this.#codec = new Codec(keyspace.schema);
    this.#leases = new Leases(port, guard, keyspace);
    this.#reads = new Reads(port, guard, this.#codec);
    this.#loads = new Loads({
      codec: this.#codec,
      leases: this.#leases,
      maxLoadMs: keyspace.maxLoadMs,
      readSpare: async (keys) => (keyspace.graceMs > 0 ? this.#reads.spare(keys) : undefined),
    });
  }

  /**
   * Gives the cached value, or loads and caches it; `null` means that there is none. However many callers and processes
   * miss at once, one of them loads. Rejects only with the loader's own error, which callers of this process share.
   */
  async getOrSet(id: Id, load: () => Promise<Value | null | undefined>): Promise<Value | null> {
    const read = await this.#reads.one(this.#entry(id));
    if ('hit' in read) return read.hit.value;
    const [value = null] = await this.#loads.load([read.missing], async () => [await load()]);
    return value;
  }

  /**
   * As `getOrSet` for many ids, with values in their order: one read for each shard, and one call of the loader for all
   * that are missing and that nobody else is loading. The loader gives as many values as it got ids, in their order.
   */
  async getMany(ids: readonly Id[], load: LoadMany<Id, Value>): Promise<(Value | null)[]> {
    const entries = ids.map((id) => this.#entry(id));
    const distinct = new Map(entries.map((entry) => [entry.keys.value, entry]));
    const reads = await this.#reads.many([...distinct.values()]);
    const missing = reads.flatMap((read) => ('missing' in read ? [read.missing] : []));
    const loaded = await this.#loads.load(missing, load);
    const values = new Map<string, Value | null>(
      missing.map(({ keys }, index) => [keys.value, loaded[index] ?? null]),
    );
    for (const read of reads) if ('hit' in read) values.set(read.keys.value, read.hit.value);
    return entries.map(({ keys }) => values.get(keys.value) ?? null);
  }

  /**
   * Replaces the value; a load under way can no longer overwrite it. Rejects if Redis does not take it within
   * `writeWithinMs`. Prefer `invalidate` after a change of the source: two writers may set in the wrong order.
   */
  async set(id: Id, value: Value | null): Promise<void> {
    const entry = this.#entry(id);
    const text = this.#codec.encode(value);
    await this.#write(entry, () => this.#leases.overwrite(entry.keys, text, value === null));
  }

  /**
   * Forgets the value and shuts out loads under way in every process; call it after the source has changed. Rejects if
   * Redis does not confirm within `writeWithinMs`: readers may then see the old value until its lifetime ends.
   */
  async invalidate(id: Id): Promise<void> {
    const entry = this.#entry(id);
    const { value, lease, spare } = entry.keys;
    await this.#write(entry, () => this.#services.port.del([value, lease, spare]));
  }

  stats(): CacheStats {
    return { ...this.#reads.counts, ...this.#loads.counts };
  }

  /** Resolves when the loads under way have ended. */
  settled(): Promise<void> {
    return this.#loads.flights.settled();
  }

  #entry(id: Id): Entry<Id> {
    return { id, keys: entryKeys(this.#services.keyPrefix, this.#keyspace, id) };
  }

  /** Writes past the guard and through a failover; callers of this process stop sharing the load under way in any case. */
  async #write({ keys }: Entry<Id>, command: () => Promise<unknown>): Promise<void> {
    try {
      await persist(command, this.#services.writeWithinMs);
    } finally {
      this.#loads.flights.detach(keys);
    }
  }
}
