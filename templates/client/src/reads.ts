import type { Codec, Decoded } from './codec.js';
import type { Services } from './definition.js';
import { isDueEarly, unwrap } from './envelope.js';
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
  unanswered: number;
}

/** Reads values under the guard's deadline; what Redis does not answer is missing. */
export class Reads<Id, Value> {
  readonly counts: ReadCounts = { hits: 0, misses: 0, unanswered: 0 };
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
    if (entry.tags.length === 0) return this.#interpret(entry, await this.#get(entry.keys.value), []);
    const [text, versions] = await Promise.all([this.#get(entry.keys.value), this.#versions(entry)]);
    return this.#interpret(entry, text, versions);
  }

  /** Reads in the order of `entries`, with one command for each shard, so that a failing one costs only its own keys. */
  async many(entries: readonly Entry<Id>[]): Promise<Read<Id, Value>[]> {
    const texts = new Map<string, string | null>();
    const [versions] = await Promise.all([
      Promise.all(entries.map((entry) => this.#versions(entry))),
      ...this.#byShard(entries).map((keys) => this.#readShard(keys, texts)),
    ]);
    return Promise.all(
      entries.map((entry, i) => this.#interpret(entry, texts.get(entry.keys.value), versions[i] ?? [])),
    );
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

  #byShard(entries: readonly Entry<Id>[]): [string, ...string[]][] {
    const shards = new Map<string, [string, ...string[]]>();
    for (const { keys } of entries) {
      const shard = this.#services.port.shardOf(keys.value);
      const known = shards.get(shard);
      if (known === undefined) shards.set(shard, [keys.value]);
      else known.push(keys.value);
    }
    return [...shards.values()];
  }

  async #readShard(keys: readonly [string, ...string[]], texts: Map<string, string | null>): Promise<void> {
    const { guard, port } = this.#services;
    const answers = await guard.run(keys[0], () => port.mget(keys)).catch(() => []);
    for (const [index, text] of answers.entries()) texts.set(keys[index] ?? '', text);
  }

  async #interpret(
    entry: Entry<Id>,
    text: string | null | undefined,
    versions: readonly (string | null)[],
  ): Promise<Read<Id, Value>> {
    const { keys } = entry;
    const missing = { id: entry.id, keys, unreadable: text ?? '', tags: entry.tags };
    if (typeof text !== 'string') return this.#miss(text === undefined ? 'unanswered' : 'misses', missing);
    const { json, envelope } = unwrap(text);
    const isValid = isCurrent(entry, envelope?.versions, versions);
    const hit = isValid ? await this.#codec.decode(json) : undefined;
    if (hit === undefined) return this.#miss('misses', missing);
    this.counts.hits++;
    this.#services.observe({ name: this.#keyspace.name, what: 'hit' });
    const { earlyRefresh } = this.#keyspace;
    const isEarly = earlyRefresh > 0 && envelope !== undefined && isDueEarly(envelope, earlyRefresh);
    return isEarly ? { keys, hit, early: missing } : { keys, hit };
  }

  #miss(why: 'misses' | 'unanswered', missing: Missing<Id>): Read<Id, Value> {
    this.counts[why]++;
    this.#services.observe({ name: this.#keyspace.name, what: why === 'misses' ? 'miss' : 'unanswered' });
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
