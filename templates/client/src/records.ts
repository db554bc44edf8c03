import { Access } from './access.js';
import { checkKeyed, type KeyedDefinition } from './counters.js';
import type { Definition, Services } from './definition.js';
import { badUse, checkMs, lifetimeArgument } from './names.js';
import { maybeTextsOf, pairsOf } from './replies.js';
import { isOne, script } from './scripts.js';

export interface RecordDefinition<Id, Fields> extends KeyedDefinition<Id> {
  /** The fields that a record may have; others are refused, also when they are read back. */
  readonly fields: readonly (keyof Fields & string)[];
}

/** KEYS: record. ARGV: lifetime, then names and values. The lifetime begins anew with every write. */
const write = script<boolean>(
  `for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1`,
  isOne,
);

/** Records whose fields are changed one by one. */
export function record<Id, Fields extends object>(
  definition: RecordDefinition<Id, Fields>,
): Definition<Records<Id, Fields>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Records<Id, Fields>(services, definition) };
}

/** Hashes with one JSON text a field; writers of different fields do not undo one another. */
export class Records<Id, Fields extends object> {
  readonly #access: Access;
  readonly #definition: RecordDefinition<Id, Fields>;

  constructor(services: Services, definition: RecordDefinition<Id, Fields>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Writes the given fields and leaves the others. */
  async update(id: Id, fields: Partial<Fields>): Promise<void> {
    const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (entries.length === 0) return;
    const words = entries.flatMap(([name, value]) => [this.#field(name), JSON.stringify(value)]);
    await this.#access.run(write, [this.#key(id)], [lifetimeArgument(this.#definition.ttlMs), ...words]);
  }

  /** All fields that are there; `null` where there is no record. */
  async get(id: Id): Promise<Partial<Fields> | null> {
    const key = this.#key(id);
    const pairs = pairsOf(await this.#access.call(key, ['HGETALL', key]));
    const known = pairs.filter(([name]) => (this.#definition.fields as readonly string[]).includes(name));
    if (known.length === 0) return null;
    return Object.fromEntries(
      known.map(([name, text]) => [name, JSON.parse(String(text))]),
    ) as Partial<Fields>;
  }

  /** One field; `null` where it is not there. */
  async getField<Name extends keyof Fields & string>(id: Id, name: Name): Promise<Fields[Name] | null> {
    const key = this.#key(id);
    const [text] = maybeTextsOf(await this.#access.call(key, ['HMGET', key, this.#field(name)]));
    return text === null || text === undefined ? null : (JSON.parse(text) as Fields[Name]);
  }

  /** Adds to a number and gives the sum; a field that is not there begins at 0. */
  async increment(id: Id, name: keyof Fields & string, by = 1): Promise<number> {
    const key = this.#key(id);
    const command = Number.isInteger(by) ? 'HINCRBY' : 'HINCRBYFLOAT';
    return Number(await this.#access.call(key, [command, key, this.#field(name), String(by)]));
  }

  async removeFields(id: Id, ...names: readonly (keyof Fields & string)[]): Promise<void> {
    if (names.length === 0) return;
    const key = this.#key(id);
    await this.#access.call(key, ['HDEL', key, ...names.map((name) => this.#field(name))]);
  }

  /** Has one field end after `ms` milliseconds; rejects with `redis/refused` on releases before Redis 7.4 and Valkey 9.0. */
  async expireField(id: Id, name: keyof Fields & string, ms: number): Promise<void> {
    checkMs(this.#definition.name, 'ms', ms);
    const key = this.#key(id);
    await this.#access.call(key, ['HPEXPIRE', key, String(Math.round(ms)), 'FIELDS', '1', this.#field(name)]);
  }

  delete(id: Id): Promise<boolean> {
    return this.#access.delete(this.#key(id));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }

  #field(name: string): string {
    if ((this.#definition.fields as readonly string[]).includes(name)) return name;
    throw badUse(`'${this.#definition.name}' has no field '${name}'.`);
  }
}
