import type { Definition, Observe } from './definition.js';
import { RedisError } from './errors.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey } from './keyed.js';
import { badUse, checkMs } from './names.js';
import { numberText, refuseInexact } from './numbers.js';
import { decodeField, encodeField, type FieldSchemas, type NumberField } from './record-fields.js';
import { maybeTextsOf, pairsOf } from './replies.js';
import { isOne, script } from './scripts.js';

export { unchecked } from './record-fields.js';

export interface RecordDefinition<Id, Fields extends object> extends KeyedDefinition<Id> {
  /**
   * The fields that a record may have, each with a schema that checks what is read back, or with `unchecked<Type>()`.
   * Values are stored as JSON, a text for each field.
   */
  readonly fields: FieldSchemas<Fields>;
  /**
   * When the lifetime of a record begins: with the `last-write`, so that `update` and `increment` prolong it; or with the
   * `first-write`, so that it ends whatever comes after.
   *
   * @default 'last-write'
   */
  readonly ttlFrom?: 'first-write' | 'last-write';
}

export interface RecordUpdateOptions {
  /**
   * How long the fields of this update are kept, in milliseconds, and no longer than the record; a later update of a field
   * without this option keeps it as long as the record. Needs Redis 7.4 or Valkey 9.0.
   *
   * @default as long as the record
   */
  readonly fieldTtlMs?: number;
}

/**
 * KEYS: record. ARGV: lifetime, when it begins, lifetime of the fields or 0, then names and values. A server that has no
 * HPEXPIRE says so before anything is written.
 */
const write = script<unknown>(
  `if ARGV[3] ~= '0' then
  local probe = redis.pcall('HPEXPIRE', KEYS[1], ARGV[3], 'FIELDS', 1, ARGV[4])
  if probe.err then return probe end
end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  if ARGV[3] ~= '0' then redis.call('HPEXPIRE', KEYS[1], ARGV[3], 'FIELDS', 1, ARGV[i]) end
end
${keepKey}
return 1`,
  (reply) => reply,
);

/** KEYS: record. ARGV: lifetime, when it begins, field, amount. Integers are exact here as well. */
const increment = script<number>(
  `${refuseInexact(`(tonumber(redis.call('HGET', KEYS[1], ARGV[3])) or 0) + ARGV[4]`)}
local reply = redis.call('HINCRBYFLOAT', KEYS[1], ARGV[3], ARGV[4])
${keepKey}
return reply`,
  Number,
);

/**
 * KEYS: record. ARGV: lifetime, when it begins, field, its own lifetime. A field that has ended may still be in the hash, and
 * Redis 8.0 would let it live again; an end at once removes it.
 */
const expire = script<boolean>(
  `local ms = redis.call('HEXISTS', KEYS[1], ARGV[3]) == 1 and ARGV[4] or 0
return redis.call('HPEXPIRE', KEYS[1], ms, 'FIELDS', 1, ARGV[3])[1]`,
  isOne,
);

/** Records whose fields are changed one by one: a profile, a cart, the state of a device. */
export function record<Id, Fields extends object>(
  definition: RecordDefinition<Id, Fields>,
): Definition<Records<Id, Fields>> {
  const { name, fields } = definition;
  if (Object.keys(fields).length === 0) throw badUse(`'${name}' needs at least one field.`);
  const options: KeyedDefinition<Id> = { ttlFrom: 'last-write', ...definition };
  return defineKeyed(options, (keyed, { observe }) => new Records(keyed, fields, observe));
}

/**
 * A hash for each id. Writers of different fields do not undo one another. A field whose text does not fit its schema is
 * treated as absent, and observers are told `misfit`.
 */
export class Records<Id, Fields extends object> {
  readonly #keyed: Keyed<Id>;
  readonly #fields: FieldSchemas<Fields>;
  readonly #observe: Observe;

  constructor(keyed: Keyed<Id>, fields: FieldSchemas<Fields>, observe: Observe) {
    this.#keyed = keyed;
    this.#fields = fields;
    this.#observe = observe;
  }

  /**
   * Writes the given fields, all of them at once, and leaves the others; the record is made where there is none. Rejects
   * with `redis/bad-use` for values that JSON cannot keep, and with `redis/unsupported`, having written nothing, where the
   * server knows no `fieldTtlMs`. Repeating it does no harm, unless another one has written the same fields in between.
   */
  async update(id: Id, fields: Partial<Fields>, { fieldTtlMs }: RecordUpdateOptions = {}): Promise<void> {
    const { name } = this.#keyed;
    const lifetime = fieldTtlMs === undefined ? '0' : this.#milliseconds('fieldTtlMs', fieldTtlMs);
    const words = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .flatMap(([field, value]) => [this.#field(field), encodeField(name, field, value)]);
    if (words.length > 0) await supported(this.#keyed.run(id, write, lifetime, ...words));
  }

  /** The fields that are there; `null` where there is none, which is where there is no record. */
  async get(id: Id): Promise<Partial<Fields> | null> {
    const pairs = pairsOf(await this.#keyed.ask(id, 'HGETALL')).filter(([name]) => this.#isField(name));
    const fields: Partial<Fields> = {};
    for (const [name, text] of pairs as [keyof Fields & string, unknown][]) {
      const value = await this.#decode(name, String(text));
      if (value !== undefined) fields[name] = value;
    }
    return Object.keys(fields).length === 0 ? null : fields;
  }

  /** One field; `undefined` where it is not there. */
  async getField<Name extends keyof Fields & string>(id: Id, name: Name): Promise<Fields[Name] | undefined> {
    const [text] = maybeTextsOf(await this.#keyed.ask(id, 'HMGET', this.#field(name)));
    return typeof text === 'string' ? this.#decode(name, text) : undefined;
  }

  /**
   * Adds to a number and gives the sum; a field or a record that is not there begins at 0. Rejects with `redis/refused`, and
   * adds nothing, where the sum would be beyond 2^53 - 1 either way. A lost answer can count twice.
   */
  async increment(id: Id, name: NumberField<Fields>, by = 1): Promise<number> {
    return this.#keyed.run(id, increment, this.#field(name), numberText(this.#keyed.name, 'by', by));
  }

  /** Removes fields and says how many were there; a record without fields is gone. */
  async removeFields(id: Id, ...names: readonly (keyof Fields & string)[]): Promise<number> {
    if (names.length === 0) return 0;
    return Number(await this.#keyed.ask(id, 'HDEL', ...names.map((name) => this.#field(name))));
  }

  /**
   * Has a field end after `ms` milliseconds, or with the record if that ends before; says whether the field was there. The
   * next `update` of the field keeps it again as long as the record; `increment` does not. Rejects with `redis/unsupported`
   * on releases before Redis 7.4 and Valkey 9.0.
   */
  async expireField(id: Id, name: keyof Fields & string, ms: number): Promise<boolean> {
    return supported(this.#keyed.run(id, expire, this.#field(name), this.#milliseconds('ms', ms)));
  }

  /** Deletes the record and says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }

  async #decode<Name extends keyof Fields>(name: Name, text: string): Promise<Fields[Name] | undefined> {
    const decoded = await decodeField<Fields[Name]>(this.#fields[name], text);
    if (decoded === undefined) this.#observe({ name: this.#keyed.name, what: 'misfit' });
    return decoded?.value;
  }

  #isField(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  #field(name: string): string {
    if (this.#isField(name)) return name;
    throw badUse(`'${this.#keyed.name}' has no field '${name}'.`);
  }

  #milliseconds(option: string, ms: number): string {
    checkMs(this.#keyed.name, option, ms);
    return String(Math.round(ms));
  }
}

/** Translates the refusal of a server that has no lifetimes for fields. */
async function supported<Reply>(asked: Promise<Reply>): Promise<Reply> {
  try {
    return await asked;
  } catch (error) {
    const { cause } = error instanceof RedisError ? error : {};
    if (!(cause instanceof Error && /unknown (redis )?command/i.test(cause.message))) throw error;
    const message = 'Lifetimes of fields need Redis 7.4, Valkey 9.0 or later.';
    throw new RedisError('redis/unsupported', message, cause);
  }
}
