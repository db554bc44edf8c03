import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { checkLifetime, checkName, type KeyPart, type Lifetime, lifetimeArgument } from './names.js';
import { textOf } from './replies.js';
import { isOne, script } from './scripts.js';

export interface KeyedDefinition<Id> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What tells one entry from another. */
  readonly key: (id: Id) => readonly KeyPart[];
  /** How long a key is kept after its first write, in milliseconds, or `durable`. */
  readonly ttlMs: Lifetime;
}

/** Throws `redis/bad-use` if the definition cannot work. */
export function checkKeyed({ name, ttlMs }: Pick<KeyedDefinition<never>, 'name' | 'ttlMs'>): void {
  checkName(name);
  checkLifetime(name, ttlMs);
}

/** KEYS: counter. ARGV: command, amount, lifetime. */
const add = script<string>(
  `local value = redis.call(ARGV[1], KEYS[1], ARGV[2])
if ARGV[3] ~= '0' and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return tostring(value)`,
  String,
);

/** Numbers that are added to. */
export function counter<Id>(definition: KeyedDefinition<Id>): Definition<Counter<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Counter(services, definition) };
}

/** Counts that every process adds to; a lost answer can count twice. */
export class Counter<Id> {
  readonly #access: Access;
  readonly #definition: KeyedDefinition<Id>;

  constructor(services: Services, definition: KeyedDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Adds a whole number, also a negative one, and gives the sum; rejects with `redis/refused` beyond 64 bits. */
  async add(id: Id, by = 1): Promise<number> {
    return Number(await this.#add('INCRBY', id, by));
  }

  /** Adds any number; sums of fractions are as exact as the server's 17 digits. */
  async addFraction(id: Id, by: number): Promise<number> {
    return Number(await this.#add('INCRBYFLOAT', id, by));
  }

  /** The sum so far, 0 where nothing was added. */
  async get(id: Id): Promise<number> {
    const key = this.#key(id);
    return Number(textOf(await this.#access.call(key, ['GET', key])) ?? 0);
  }

  /** Begins at 0 again. */
  async reset(id: Id): Promise<void> {
    await this.#access.delete(this.#key(id));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }

  #add(command: string, id: Id, by: number): Promise<string> {
    const lifetime = lifetimeArgument(this.#definition.ttlMs);
    return this.#access.run(add, [this.#key(id)], [command, String(by), lifetime]);
  }
}

/** KEYS: flags. ARGV: position, bit, lifetime. */
const setBit = script<boolean>(
  `local before = redis.call('SETBIT', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] ~= '0' and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return before`,
  isOne,
);

/** Yes or no for numbered things, one bit each: members who were here today, steps that are done. */
export function flags<Id>(definition: KeyedDefinition<Id>): Definition<Flags<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Flags(services, definition) };
}

/** A bitmap; its memory follows from the highest position, so positions should be dense. */
export class Flags<Id> {
  readonly #access: Access;
  readonly #definition: KeyedDefinition<Id>;

  constructor(services: Services, definition: KeyedDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Sets the flag at a position from 0 to 4294967295, and says what it was. */
  set(id: Id, position: number, isOn = true): Promise<boolean> {
    const args = [String(position), isOn ? '1' : '0', lifetimeArgument(this.#definition.ttlMs)];
    return this.#access.run(setBit, [this.#key(id)], args);
  }

  async has(id: Id, position: number): Promise<boolean> {
    const key = this.#key(id);
    return isOne(await this.#access.call(key, ['GETBIT', key, String(position)]));
  }

  /** How many are set. */
  async count(id: Id): Promise<number> {
    const key = this.#key(id);
    return Number(await this.#access.call(key, ['BITCOUNT', key]));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}

/** KEYS: claim. ARGV: value, lifetime. */
const claim = script<boolean>(
  `local taken
if ARGV[2] == '0' then taken = redis.call('SET', KEYS[1], ARGV[1], 'NX')
else taken = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) end
if taken or redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0`,
  isOne,
);

/** Things that are done once: the first who claims an id has it. */
export function once<Id>(definition: KeyedDefinition<Id>): Definition<Once<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Once(services, definition) };
}

/** Set-if-absent. A claim whose answer was lost is found to be one's own when it is repeated with the same `by`. */
export class Once<Id> {
  readonly #access: Access;
  readonly #definition: KeyedDefinition<Id>;

  constructor(services: Services, definition: KeyedDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** True for the first, and again for the same `by`. */
  claim(id: Id, by: string): Promise<boolean> {
    return this.#access.run(claim, [this.#key(id)], [by, lifetimeArgument(this.#definition.ttlMs)]);
  }

  /** Who has claimed it, `null` where nobody has. */
  async owner(id: Id): Promise<string | null> {
    const key = this.#key(id);
    return textOf(await this.#access.call(key, ['GET', key]));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}

/** KEYS: number. ARGV: number, lifetime, 1 for greater or -1 for less. */
const extreme = script<boolean>(
  `local before = redis.call('GET', KEYS[1])
if before and (tonumber(ARGV[1]) - tonumber(before)) * tonumber(ARGV[3]) <= 0 then return 0 end
if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1`,
  isOne,
);

/** Numbers that only rise or only fall: the highest offset seen, the lowest price. */
export function extremum<Id>(definition: KeyedDefinition<Id>): Definition<Extremum<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Extremum(services, definition) };
}

/** Set-if-greater and set-if-less, in one step on the server. */
export class Extremum<Id> {
  readonly #access: Access;
  readonly #definition: KeyedDefinition<Id>;

  constructor(services: Services, definition: KeyedDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Stores the number where it is greater than the present one or the first; says whether it did. */
  raise(id: Id, to: number): Promise<boolean> {
    return this.#set(id, to, '1');
  }

  /** Stores the number where it is less than the present one or the first; says whether it did. */
  lower(id: Id, to: number): Promise<boolean> {
    return this.#set(id, to, '-1');
  }

  async get(id: Id): Promise<number | null> {
    const key = this.#key(id);
    const text = textOf(await this.#access.call(key, ['GET', key]));
    return text === null ? null : Number(text);
  }

  #set(id: Id, to: number, direction: string): Promise<boolean> {
    const args = [String(to), lifetimeArgument(this.#definition.ttlMs), direction];
    return this.#access.run(extreme, [this.#key(id)], args);
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}
