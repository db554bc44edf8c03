import type { Codec, Decoded } from './codec.js';
import type { Missing } from './flights.js';
import type { Guard } from './guard.js';
import type { EntryKeys } from './keyspace.js';
import type { RedisPort } from './port.js';

/** One entry of a cache: what the application calls it, and what Redis does. */
export interface Entry<Id> {
  readonly id: Id;
  readonly keys: EntryKeys;
}

export type Read<Id, Value> =
  | { readonly keys: EntryKeys; readonly hit: { readonly value: Value | null } }
  | { readonly keys: EntryKeys; readonly missing: Missing<Id> };

/** Counts since the start. */
export interface ReadCounts {
  /** Values that Redis had. */
  hits: number;
  /** Values that Redis had not, or not in a shape that could be read. */
  misses: number;
  /** Reads that Redis did not answer, or was not asked because it had not answered a moment before. */
  unanswered: number;
}

/** Reads values under the guard's deadline; what Redis does not answer is missing. */
export class Reads<Id, Value> {
  readonly counts: ReadCounts = { hits: 0, misses: 0, unanswered: 0 };
  readonly #port: RedisPort;
  readonly #guard: Guard;
  readonly #codec: Codec<Value>;

  constructor(port: RedisPort, guard: Guard, codec: Codec<Value>) {
    this.#port = port;
    this.#guard = guard;
    this.#codec = codec;
  }

  async one(entry: Entry<Id>): Promise<Read<Id, Value>> {
    return this.#interpret(entry, await this.#get(entry.keys.value));
  }

  /** Reads in the order of `entries`, with one command for each shard, so that a failing one costs only its own keys. */
  async many(entries: readonly Entry<Id>[]): Promise<Read<Id, Value>[]> {
    const texts = new Map<string, string | null>();
    await Promise.all(this.#byShard(entries).map((keys) => this.#readShard(keys, texts)));
    return Promise.all(entries.map((entry) => this.#interpret(entry, texts.get(entry.keys.value))));
  }

  /** Reads the copy that outlives the value. */
  async spare(keys: EntryKeys): Promise<Decoded<Value>> {
    const text = await this.#get(keys.spare);
    return typeof text === 'string' ? this.#codec.decode(text) : undefined;
  }

  #get(key: string): Promise<string | null | undefined> {
    return this.#guard.run(key, () => this.#port.get(key)).catch(() => undefined);
  }

  #byShard(entries: readonly Entry<Id>[]): [string, ...string[]][] {
    const shards = new Map<string, [string, ...string[]]>();
    for (const { keys } of entries) {
      const shard = this.#port.shardOf(keys.value);
      const known = shards.get(shard);
      if (known === undefined) shards.set(shard, [keys.value]);
      else known.push(keys.value);
    }
    return [...shards.values()];
  }

  async #readShard(keys: readonly [string, ...string[]], texts: Map<string, string | null>): Promise<void> {
    const answers = await this.#guard.run(keys[0], () => this.#port.mget(keys)).catch(() => []);
    for (const [index, text] of answers.entries()) texts.set(keys[index] ?? '', text);
  }

  async #interpret({ id, keys }: Entry<Id>, text: string | null | undefined): Promise<Read<Id, Value>> {
    const hit = typeof text === 'string' ? await this.#codec.decode(text) : undefined;
    if (hit !== undefined) this.counts.hits++;
    else if (text === undefined) this.counts.unanswered++;
    else this.counts.misses++;
    return hit !== undefined ? { keys, hit } : { keys, missing: { id, keys, unreadable: text ?? '' } };
  }
}
