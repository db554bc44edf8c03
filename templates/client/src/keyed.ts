import { Access } from './access.js';
import type { Definition, Services, Stay } from './definition.js';
import { expectNoEviction } from './durable.js';
import {
  badUse,
  checkLifetime,
  checkName,
  encodeId,
  type KeyPart,
  type Lifetime,
  lifetimeArgument,
} from './names.js';
import { maybeTextsOf } from './replies.js';
import { persist } from './retry.js';
import type { Script } from './scripts.js';

export interface KeyedDefinition<Id> {
  /** Part of every key, such as `views`: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What tells one entry from another. Parts are encoded, so any text is safe. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * How long a key is kept, in milliseconds; or `durable`: until the application deletes it, and a server that drops keys
   * when it is full is refused with `redis/may-evict`.
   */
  readonly ttlMs: Lifetime;
  /**
   * When the lifetime begins: with the `first-write`, so that it ends whatever comes after; or with the `last-write`, so
   * that every writing call prolongs it, also one that changes nothing.
   *
   * @default 'first-write'
   */
  readonly ttlFrom?: 'first-write' | 'last-write';
}

interface KeyedOptions<Id> extends KeyedDefinition<Id> {
  /** Keeps all keys in one slot. */
  readonly together?: boolean;
  /** Whether keys with a lifetime must not be dropped before it ends. */
  readonly mustLast?: boolean;
}

/**
 * Lua that ends every script which writes: no key is left without the lifetime of its definition.
 * KEYS: the key that was written. ARGV: lifetime, when it begins; a script's own arguments begin with the third.
 */
export const keepKey = `if ARGV[1] == '0' then redis.call('PERSIST', KEYS[1])
elseif ARGV[2] == 'last-write' or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end`;

/** Throws `redis/bad-use` if the definition cannot work. */
export function checkKeyed({ name, ttlMs }: Pick<KeyedDefinition<never>, 'name' | 'ttlMs'>): void {
  checkName(name);
  checkLifetime(name, ttlMs);
}

/** Makes a definition whose entries have a key each; throws `redis/bad-use` if it cannot work. */
export function defineKeyed<Id, Use>(
  options: KeyedOptions<Id>,
  open: (keyed: Keyed<Id>, services: Services) => Use,
): Definition<Use> {
  checkKeyed(options);
  const mustStay = stayOf(options);
  return {
    name: options.name,
    ...(mustStay === undefined ? {} : { mustStay }),
    open: (services) => open(new Keyed(services, options), services),
  };
}

/** What `durable` promises, a server that drops keys when it is full would break. */
function stayOf({ ttlMs, mustLast }: KeyedOptions<never>): Stay | undefined {
  if (ttlMs === 'durable') return 'lasting';
  return mustLast ? 'expiring' : undefined;
}

/** Commands on the keys of a definition; each is repeated until Redis takes it, so a lost answer repeats a write. */
export class Keyed<Id> {
  readonly name: string;
  readonly #access: Access;
  readonly #options: KeyedOptions<Id>;
  readonly #lifetime: readonly string[];
  #mustStay: Stay | undefined;

  constructor(services: Services, options: KeyedOptions<Id>) {
    this.name = options.name;
    this.#access = new Access(services, options.name);
    this.#options = options;
    this.#lifetime = [lifetimeArgument(options.ttlMs), options.ttlFrom ?? 'first-write'];
    this.#mustStay = stayOf(options);
  }

  /** The key of an id, or one of several that share its slot. */
  key(id: Id, part?: KeyPart): string {
    const parts = this.#options.key(id);
    const key = this.#options.together ? this.#access.shared(...parts) : this.#access.key(parts);
    return part === undefined ? key : `${key}:${encodeId([part])}`;
  }

  /** Sends a command whose first argument is the key of an id. */
  async ask(id: Id, command: string, ...args: readonly string[]): Promise<unknown> {
    return this.askAll([this.key(id)], command, ...args);
  }

  /** Sends a command whose first arguments are keys of one slot. */
  async askAll(keys: readonly string[], command: string, ...args: readonly string[]): Promise<unknown> {
    await this.#expectKept();
    return this.#access.call(keys[0] ?? '', [command, ...keys, ...args]);
  }

  /** Gets the texts of ids, which may be in different slots, in their order. */
  async askEach(ids: readonly Id[]): Promise<(string | null)[]> {
    if (ids.length === 0) return [];
    await this.#expectKept();
    const { port, writeWithinMs } = this.#access.services;
    const keys = ids.map((id) => this.key(id));
    return maybeTextsOf(await persist(() => port.mget(keys), writeWithinMs));
  }

  /** Runs a script on the key of an id. */
  async run<Reply>(id: Id, script: Script<Reply>, ...args: readonly string[]): Promise<Reply> {
    return this.runAll([this.key(id)], script, ...args);
  }

  /** Runs a script on keys of one slot, with the lifetime before its own arguments. */
  async runAll<Reply>(
    keys: readonly string[],
    script: Script<Reply>,
    ...args: readonly string[]
  ): Promise<Reply> {
    await this.#expectKept();
    return this.#access.run(script, keys, [...this.#lifetime, ...args]);
  }

  async delete(id: Id): Promise<boolean> {
    return this.#access.delete(this.key(id));
  }

  async #expectKept(): Promise<void> {
    const mustStay = this.#mustStay;
    if (mustStay === undefined) return;
    const { services } = this.#access;
    const expected = () => expectNoEviction(services, `What '${this.name}' keeps`, mustStay);
    await persist(expected, services.writeWithinMs);
    this.#mustStay = undefined;
  }
}

const halfCharacter = /\p{Surrogate}/u;

/** Gives texts as they are; throws `redis/bad-use` for half a character, which would be stored as another text. */
export function wellFormed(name: string, texts: readonly string[]): readonly string[] {
  for (const text of texts)
    if (typeof text !== 'string' || halfCharacter.test(text))
      throw badUse(`'${name}' needs texts of well-formed Unicode, and got ${JSON.stringify(text)}.`);
  return texts;
}
