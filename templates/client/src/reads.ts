import type { Codec, Decoded } from './codec.js';
import type { Services } from './definition.js';
import { isDueEarly, isWrapped, unwrap } from './envelope.js';
import type { Missing } from './flights.js';
import type { CacheKeyspace, EntryKeys } from './keyspace.js';
import type { Tags } from './tags.js';

/** One entry of a cache: what the application calls it, and what Redis does. */
export interface Entry<Id> {
  readonly id: Id;
  readonly keys: EntryKeys;
  readonly tags: readonly string[];
}

export type Read<Id, Value> =
  | {
      readonly keys: EntryKeys;
      readonly hit: { readonly value: Value | null };
      /** Given where the value should be loaded anew although it has not ended. */
      readonly early?: Missing<Id>;
    }
  | { readonly keys: EntryKeys; readonly missing: Missing<Id> };

/** Counts since the start. */
export interface ReadCounts {
  /** Values that Redis had. */
  hits: number;
  /** Values that Redis had not, or not in a shape that could be read, or with an invalidated tag. */
  misses: number;
  /** Reads that Redis did not answer, or was not asked because it had not answered a moment before. */
  degraded: number;
}

/** Reads values under the guard's deadline; what Redis does not answer is missing. */
export class Reads<Id, Value> {
  readonly counts: ReadCounts = { hits: 0, misses: 0, degraded: 0 };
  readonly #services: Services;
  readonly #keyspace: CacheKeyspace<Id, Value>;
  readonly #codec: Codec<Value>;
  readonly #tags: Tags;

  constructor(services: Services, keyspace: CacheKeyspace<Id, Value>, codec: Codec<Value>, tags: Tags) {
    this.#services = services;
    this.#keyspace = keyspace;
    this.#codec = codec;
    this.#tags = tags;
  }

  async one(entry: Entry<Id>): Promise<Read<Id, Value>> {
    const [text, versions] = await Promise.all([this.#get(entry.keys.value), this.#versions(entry)]);
    return this.interpret(entry, text, versions);
  }

  /** What a text alone gives: `undefined` where it has to be looked at with `interpret`. */
  glance(text: string | null | undefined): Decoded<Value> {
    if (typeof text !== 'string' || isWrapped(text)) return undefined;
    const decoded = this.#codec.decode(text);
    if (decoded === undefined || decoded instanceof Promise) return undefined;
    this.#hit();
    return decoded;
  }

  /** The values where each text gives one at a glance, in their order; `undefined` where any has to be looked at. */
  glanceAll(texts: readonly (string | null | undefined)[]): (Value | null)[] | undefined {
    const values: (Value | null)[] = [];
    for (const text of texts) {
      const decoded = typeof text !== 'string' || isWrapped(text) ? undefined : this.#codec.decode(text);
      if (decoded === undefined || decoded instanceof Promise) return undefined;
      values.push(decoded.value);
    }
    this.counts.hits += values.length;
    if (this.#services.isObserved) for (const _ of values) this.#tellHit();
    return values;
  }

  /** What Redis has, in the order of `keys`: a text, `null`, or `undefined` where it did not answer. */
  async texts(keys: readonly string[]): Promise<readonly (string | null | undefined)[]> {
    const { port } = this.#services;
    const [first] = keys;
    if (first === undefined) return [];
    const shard = port.shardOf(first);
    if (keys.every((key) => port.shardOf(key) === shard)) return this.#readShard(first, keys);
    const groups = new Map<string, string[]>();
    for (const key of keys) {
      const group = groups.get(port.shardOf(key));
      if (group === undefined) groups.set(port.shardOf(key), [key]);
      else group.push(key);
    }
    const texts = new Map<string, string | null | undefined>();
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const answers = await this.#readShard(group[0] ?? '', group);
        for (const [index, text] of answers.entries()) texts.set(group[index] ?? '', text);
      }),
    );
    return keys.map((key) => texts.get(key));
  }

  /**
   * Reads in the order of `entries`, with one command for each shard, so that a failing one costs only its own keys; `known`
   * are texts that were read already.
   */
  async many(
    entries: readonly Entry<Id>[],
    known?: ReadonlyMap<string, string | null | undefined>,
  ): Promise<Read<Id, Value>[]> {
    const keys = entries.map((entry) => entry.keys.value);
    const [texts, versions] = await Promise.all([
      known === undefined ? this.texts(keys) : keys.map((key) => known.get(key)),
      Promise.all(entries.map((entry) => this.#versions(entry))),
    ]);
    return Promise.all(entries.map((entry, i) => this.interpret(entry, texts[i], versions[i] ?? [])));
  }

  /** Reads the copy that outlives the value, unless a tag of it was invalidated. */
  async spare(entry: Entry<Id>): Promise<Decoded<Value>> {
    const [text, versions] = await Promise.all([this.#get(entry.keys.spare), this.#versions(entry)]);
    if (typeof text !== 'string') return undefined;
    const { json, envelope } = unwrap(text);
    return isCurrent(entry, envelope?.versions, versions) ? this.#codec.decode(json) : undefined;
  }

  #get(key: string): Promise<string | null | undefined> {
    const { guard, port } = this.#services;
    return guard.run(key, () => port.get(key)).catch(() => undefined);
  }

  /** Unknown versions make an entry invalid: rather a load too many than an old value. */
  async #versions({ tags }: Entry<Id>): Promise<readonly (string | null)[]> {
    return tags.length === 0 ? [] : this.#tags.read(tags).catch(() => []);
  }

  /** One command for keys of one shard; `undefined` for each where it does not answer. */
  #readShard(first: string, keys: readonly string[]): Promise<readonly (string | null | undefined)[]> {
    const { guard, port } = this.#services;
    return guard.run(first, () => port.mget(keys)).catch(() => keys.map(() => undefined));
  }

  /** Says whether a text is a value that still holds, by the versions of its tags and by its schema. */
  async interpret(
    entry: Entry<Id>,
    text: string | null | undefined,
    versions: readonly (string | null)[],
  ): Promise<Read<Id, Value>> {
    const { keys } = entry;
    const missing = { id: entry.id, keys, unreadable: text ?? '', tags: entry.tags };
    if (typeof text !== 'string') return this.#miss(text === undefined ? 'degraded' : 'misses', missing);
    const { json, envelope } = unwrap(text);
    const isValid = isCurrent(entry, envelope?.versions, versions);
    const hit = isValid ? await this.#codec.decode(json) : undefined;
    if (hit === undefined) return this.#miss('misses', missing);
    this.#hit();
    const { earlyRefresh } = this.#keyspace;
    const isEarly = earlyRefresh > 0 && envelope !== undefined && isDueEarly(envelope, earlyRefresh);
    return isEarly ? { keys, hit, early: missing } : { keys, hit };
  }

  #hit(): void {
    this.counts.hits++;
    if (this.#services.isObserved) this.#tellHit();
  }

  #tellHit(): void {
    this.#services.observe({ name: this.#keyspace.name, what: 'hit' });
  }

  #miss(why: 'misses' | 'degraded', missing: Missing<Id>): Read<Id, Value> {
    this.counts[why]++;
    this.#services.observe({ name: this.#keyspace.name, what: why === 'misses' ? 'miss' : 'degraded' });
    return { keys: missing.keys, missing };
  }
}

function isCurrent(
  { tags }: Entry<unknown>,
  then: readonly string[] | undefined,
  now: readonly (string | null)[],
): boolean {
  return tags.every((_, i) => then?.[i] !== undefined && then[i] === now[i]);
}
