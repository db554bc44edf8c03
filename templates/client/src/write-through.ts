import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import { persist } from './retry.js';
import type { StandardSchema } from './schema.js';
import { isOne, script } from './scripts.js';

export interface WriteThroughDefinition<Id, Value> {
  readonly name: string;
  readonly key: (id: Id) => readonly KeyPart[];
  readonly schema?: StandardSchema<Value>;
  /** How long a value is kept, in milliseconds. */
  readonly ttlMs: number;
  /** The version of a value as its source counts it, a whole number that grows: a row's `rev`, microseconds of `updated_at`. */
  readonly version: (value: Value) => number;
  /** Writes to the source and gives the value as it is there now, with its new version. */
  readonly write: (id: Id, value: Value) => Promise<Value>;
  /** Reads from the source. */
  readonly load: (id: Id) => Promise<Value | null | undefined>;
}

/** KEYS: value. ARGV: version, text, lifetime. False where a newer one is there. */
const setNewer = script<boolean>(
  `local before = redis.call('GET', KEYS[1])
if before and tonumber(string.match(before, '^%-?%d+')) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1`,
  isOne,
);

/** Values that are written to their source and to the cache in one call. */
export function writeThrough<Id, Value>(
  definition: WriteThroughDefinition<Id, Value>,
): Definition<WriteThrough<Id, Value>> {
  checkName(definition.name);
  checkMs(definition.name, 'ttlMs', definition.ttlMs);
  return { name: definition.name, open: (services) => new WriteThrough(services, definition) };
}

/**
 * A cache that no writer and no reader can set back: the server keeps a value only where its version is not older than the
 * one it has, in whichever order writers and loads arrive.
 */
export class WriteThrough<Id, Value> {
  readonly #access: Access;
  readonly #definition: WriteThroughDefinition<Id, Value>;
  readonly #codec: Codec<Value>;
  readonly #loads = new Map<string, Promise<Value | null>>();

  constructor(services: Services, definition: WriteThroughDefinition<Id, Value>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** The cached value, or the source's, which is then kept; without Redis the source answers. */
  async get(id: Id): Promise<Value | null> {
    const key = this.#key(id);
    const { guard, port, observe } = this.#access.services;
    const text = await guard.run(key, () => port.get(key)).catch(() => undefined);
    const json = typeof text === 'string' ? text.slice(text.indexOf(' ') + 1) : undefined;
    const cached = json === undefined ? undefined : await this.#codec.decode(json);
    observe({ name: this.#definition.name, what: cached ? 'hit' : 'miss' });
    return cached ? cached.value : this.#load(id, key);
  }

  /**
   * Writes to the source, then to the cache, and gives the value as the source has it. Rejects with the source's own error
   * before anything is cached, and with `redis/deadline` where the source has the value and Redis did not confirm: readers
   * may then see the old one until its lifetime ends, or until the next write.
   */
  async save(id: Id, value: Value): Promise<Value> {
    const key = this.#key(id);
    const stored = await this.#definition.write(id, value);
    this.#loads.delete(key);
    await persist(() => this.#keep(key, stored), this.#access.services.writeWithinMs);
    return stored;
  }

  /** Forgets the cached value; for changes that were made past this module. */
  async invalidate(id: Id): Promise<void> {
    this.#loads.delete(this.#key(id));
    await this.#access.delete(this.#key(id));
  }

  #load(id: Id, key: string): Promise<Value | null> {
    const known = this.#loads.get(key);
    if (known !== undefined) return known;
    const loading = this.#loadAndKeep(id, key).finally(() => {
      if (this.#loads.get(key) === loading) this.#loads.delete(key);
    });
    this.#loads.set(key, loading);
    return loading;
  }

  async #loadAndKeep(id: Id, key: string): Promise<Value | null> {
    const value = (await this.#definition.load(id)) ?? null;
    const { guard } = this.#access.services;
    // An old value that comes late is refused by its version, so a load needs no lease. Absence has none and is not kept.
    if (value !== null) await guard.run(key, () => this.#keep(key, value)).catch(() => false);
    return value;
  }

  #keep(key: string, value: Value): Promise<boolean> {
    const version = this.#definition.version(value);
    if (!Number.isSafeInteger(version))
      throw badUse(
        `A version of '${this.#definition.name}' is ${version}, which is no whole number up to 2^53.`,
      );
    const args = [String(version), this.#codec.encode(value), String(Math.round(this.#definition.ttlMs))];
    return this.#access.services.port.run(setNewer, [key], args);
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}
