import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { wrap } from './envelope.js';
import type { Missing } from './flights.js';
import {
  type CacheDefinition,
  type CacheKeyspace,
  completeCache,
  entryKeys,
  valueKeyStart,
  valueKeys,
} from './keyspace.js';
import { Leases } from './leases.js';
import { type LoadContext, type LoadCounts, type LoadMany, Loads } from './loads.js';
import { badUse } from './names.js';
import { type Entry, type Read, type ReadCounts, Reads } from './reads.js';
import { persist } from './retry.js';
import { Tags } from './tags.js';
import { late, within } from './time.js';
import { deleteAll } from './walk.js';

export type { CacheDefinition, CacheKeyspace } from './keyspace.js';
export type { LoadContext, LoadMany } from './loads.js';

/** How often what happened since the start. */
export type CacheStats = Readonly<ReadCounts & LoadCounts> & {
  /** Answers from a spare copy while a load went on. */
  readonly stale: number;
  /** Loads begun before the value had ended. */
  readonly early: number;
};

export type LoadOne<Value> = (context: LoadContext) => Promise<Value | null | undefined>;

/** Names a set of cache entries of one type; throws `redis/bad-use` if the definition cannot work. */
export function cache<Id, Value>(
  definition: CacheDefinition<Id, Value>,
): CacheKeyspace<Id, Value> & Definition<Cache<Id, Value>> {
  const keyspace = completeCache(definition);
  return { ...keyspace, open: (services) => new Cache(keyspace, services) };
}

/**
 * Values in Redis in front of a slower source of truth.
 *
 * A read that begins after `invalidate()` has resolved never gets an older value, whichever process was loading it at
 * the time. Without Redis, reads are answered by the loader, one load at a time for a key in each process.
 */
export class Cache<Id, Value> {
  readonly #keyspace: CacheKeyspace<Id, Value>;
  readonly #services: Services;
  readonly #valueKey: (id: Id) => string;
  readonly #codec: Codec<Value>;
  readonly #tags: Tags;
  readonly #leases: Leases;
  readonly #reads: Reads<Id, Value>;
  readonly #loads: Loads<Id, Value>;
  readonly #counts = { stale: 0, early: 0 };

  constructor(keyspace: CacheKeyspace<Id, Value>, services: Services) {
    const { name, ttlMs, graceMs, jitter, maxLoadMs, hardTimeoutMs, maxLoads } = keyspace;
    this.#keyspace = keyspace;
    this.#services = services;
    this.#valueKey = valueKeys(services.keyPrefix, keyspace);
    this.#codec = new Codec(keyspace.schema);
    this.#tags = new Tags(services, name, Math.ceil(2 * (ttlMs * (1 + jitter) + graceMs)));
    this.#leases = new Leases(services.port, services.guard, keyspace);
    this.#reads = new Reads(services, keyspace, this.#codec, this.#tags);
    this.#loads = new Loads<Id, Value>({
      codec: this.#codec,
      leases: this.#leases,
      maxLoadMs,
      hardTimeoutMs,
      maxLoads,
      ttlMs,
      isWrapped: this.#isWrapped,
      versionsOf: (tags) => this.#tags.ensure(tags),
      readSpare: async (missing) => (graceMs > 0 ? this.#reads.spare(missing) : undefined),
      observe: (what, ms) => services.observe({ name, what, ...(ms === undefined ? {} : { ms }) }),
    });
    services.onClose(() => this.settled());
  }

  /**
   * Gives the cached value, or loads and caches it; `null` means that there is none. However many callers and processes
   * miss at once, one of them loads. Rejects only with the loader's own error, which callers of this process share, or
   * with `redis/load-timeout`.
   */
  getOrSet(id: Id, load: LoadOne<Value>): Promise<Value | null> {
    if (this.#keyspace.hasTags) return this.#readTagged(id, load);
    return this.#services.guard.get(this.#valueKey(id), (text) => {
      const glanced = this.#reads.glance(text);
      return glanced === undefined ? this.#look(id, text, load) : glanced.value;
    });
  }

  async #readTagged(id: Id, load: LoadOne<Value>): Promise<Value | null> {
    return this.#answer(await this.#reads.one(this.#entry(id)), load);
  }

  async #look(id: Id, text: string | null | undefined, load: LoadOne<Value>): Promise<Value | null> {
    return this.#answer(await this.#reads.interpret(this.#entry(id), text, []), load);
  }

  async #answer(read: Read<Id, Value>, load: LoadOne<Value>): Promise<Value | null> {
    const loadOne: LoadMany<Id, Value> = async (_ids, context) => [await load(context)];
    if ('missing' in read) return this.#loadOrSpare(read.missing, loadOne);
    if (read.early !== undefined) this.#loadEarly(read.early, loadOne);
    return read.hit.value;
  }

  /**
   * As `getOrSet` for many ids, with values in their order: one read for each shard, and one call of the loader for all
   * that are missing and that nobody else is loading. The loader gives as many values as it got ids, in their order.
   */
  async getMany(ids: readonly Id[], load: LoadMany<Id, Value>): Promise<(Value | null)[]> {
    if (this.#keyspace.hasTags) return this.#answerMany(ids, load);
    const keys = ids.map(this.#valueKey);
    const texts = await this.#reads.texts(keys);
    const values = this.#reads.glanceAll(texts);
    return values ?? this.#answerMany(ids, load, new Map(keys.map((key, i) => [key, texts[i]])));
  }

  async #answerMany(
    ids: readonly Id[],
    load: LoadMany<Id, Value>,
    texts?: ReadonlyMap<string, string | null | undefined>,
  ): Promise<(Value | null)[]> {
    const entries = ids.map((id) => this.#entry(id));
    const distinct = new Map(entries.map((entry) => [entry.keys.value, entry]));
    const reads = await this.#reads.many([...distinct.values()], texts);
    const missing = reads.flatMap((read) => ('missing' in read ? [read.missing] : []));
    const loaded = await this.#loads.load(missing, load);
    const values = new Map<string, Value | null>(
      missing.map(({ keys }, index) => [keys.value, loaded[index] ?? null]),
    );
    for (const read of reads) if ('hit' in read) values.set(read.keys.value, read.hit.value);
    return entries.map(({ keys }) => values.get(keys.value) ?? null);
  }

  /**
   * Replaces the value; a load under way can no longer overwrite it. Rejects with `redis/bad-use` if the schema does not
   * know it, and if Redis does not take it within
   * `writeWithinMs`. Prefer `invalidate` after a change of the source: two writers may set in the wrong order.
   */
  async set(id: Id, value: Value | null): Promise<void> {
    const entry = this.#entry(id);
    const { ttlMs } = this.#keyspace;
    const json = this.#codec.encode(value);
    if (!(await this.#codec.fits(json)))
      throw badUse(`A value for '${this.#keyspace.name}' is not what its schema describes.`);
    await this.#write(entry, async () => {
      const versions = await this.#tags.ensure(entry.tags);
      const text = this.#isWrapped ? wrap(json, { madeMs: Date.now(), tookMs: 0, ttlMs, versions }) : json;
      await this.#leases.overwrite(entry.keys, text, value === null);
    });
  }

  /**
   * Forgets the value and shuts out loads under way in every process; call it after the source has changed. Rejects if
   * Redis does not confirm within `writeWithinMs`: readers may then see the old value until its lifetime ends.
   */
  async invalidate(id: Id): Promise<void> {
    const entry = this.#entry(id);
    const { value, lease, spare } = entry.keys;
    await this.#write(entry, () => this.#services.port.call(value, ['DEL', value, lease, spare]));
  }

  /**
   * Has the value loaded anew by the next caller, and keeps the spare copy for as long as the load takes or fails: for
   * changes that need not be seen at once. Rejects like `invalidate`.
   */
  async expire(id: Id): Promise<void> {
    const entry = this.#entry(id);
    const { value, lease } = entry.keys;
    await this.#write(entry, () => this.#services.port.call(value, ['DEL', value, lease]));
  }

  /** Forgets every entry with this tag, also those that are being loaded; rejects like `invalidate`. */
  async invalidateTag(tag: string): Promise<void> {
    await this.#tags.invalidate(tag);
    this.#loads.flights.detachTagged(tag);
  }

  /**
   * Forgets every entry, and shuts out the loads under way: walks over all keys of every primary, so it is for maintenance,
   * and a tag for what happens every day. Rejects like `invalidate`, with some entries forgotten.
   */
  async clear(): Promise<void> {
    try {
      await deleteAll(this.#services, valueKeyStart(this.#services.keyPrefix, this.#keyspace));
    } finally {
      this.#loads.flights.detachAll();
    }
  }

  stats(): CacheStats {
    return { ...this.#reads.counts, ...this.#loads.counts, ...this.#counts };
  }

  /** Resolves when the loads under way have ended. */
  settled(): Promise<void> {
    return this.#loads.flights.settled();
  }

  get #isWrapped(): boolean {
    return this.#keyspace.earlyRefresh > 0 || this.#keyspace.hasTags;
  }

  async #loadOrSpare(missing: Missing<Id>, load: LoadMany<Id, Value>): Promise<Value | null> {
    const { graceMs, serveSpare, softTimeoutMs } = this.#keyspace;
    const loading = this.#loads.load([missing], load).then(([value = null]) => value);
    const patienceMs = serveSpare === 'while-loading' ? 0 : softTimeoutMs;
    if (graceMs <= 0 || patienceMs === Number.POSITIVE_INFINITY) return loading;
    // Somebody may be gone with the spare copy when the load fails.
    loading.catch(() => {});
    const waited = patienceMs > 0 ? await within(loading, patienceMs) : late;
    if (waited !== late) return waited;
    const spare = await this.#reads.spare(missing);
    if (spare === undefined) return loading;
    this.#counts.stale++;
    this.#services.observe({ name: this.#keyspace.name, what: 'stale' });
    return spare.value;
  }

  #loadEarly(missing: Missing<Id>, load: LoadMany<Id, Value>): void {
    this.#counts.early++;
    this.#services.observe({ name: this.#keyspace.name, what: 'early' });
    // The present value is still good; a failed load is tried again by a later caller.
    this.#loads.load([missing], load).catch(() => {});
  }

  #entry(id: Id): Entry<Id> {
    const { tags } = this.#keyspace;
    return { id, keys: entryKeys(this.#services.keyPrefix, this.#keyspace, id), tags: tags(id) };
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
