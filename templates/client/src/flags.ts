import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey } from './keyed.js';
import { integerText } from './numbers.js';
import { isOne, script } from './scripts.js';

export interface FlagsDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * How many flags an id has at most; positions run from 0 to one less. Redis takes a bit for each up to the highest that
   * was set, so this bounds what a wrong position can cost.
   *
   * @default 8388608, which is 1 MiB a key
   */
  readonly size?: number;
}

/** Redis has no longer text than 512 MiB. */
const largestSize = 2 ** 32;

/** KEYS: flags. ARGV: lifetime, when it begins, position, bit. */
const setBit = script<boolean>(
  `local before = redis.call('SETBIT', KEYS[1], ARGV[3], ARGV[4])
${keepKey}
return before`,
  isOne,
);

/** Yes or no for numbered things, one bit each: members who were here today, steps that are done. */
export function flags<Id>(definition: FlagsDefinition<Id>): Definition<Flags<Id>> {
  const { name, size = 8_388_608 } = definition;
  integerText(name, 'size', size, 1, largestSize);
  return defineKeyed(definition, (keyed) => new Flags(keyed, size));
}

/** A bitmap for each id. Repeating a call leaves the same flags, so a lost answer does no harm. */
export class Flags<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #size: number;

  constructor(keyed: Keyed<Id>, size: number) {
    this.#keyed = keyed;
    this.#size = size;
  }

  /**
   * Sets the flag at a position, and says what it was; after a lost answer that is what this call has set. Rejects with
   * `redis/bad-use` outside of `size`.
   */
  async set(id: Id, position: number, isOn = true): Promise<boolean> {
    return this.#keyed.run(id, setBit, this.#position(position), isOn ? '1' : '0');
  }

  async has(id: Id, position: number): Promise<boolean> {
    return isOne(await this.#keyed.ask(id, 'GETBIT', this.#position(position)));
  }

  /** How many are set. */
  async count(id: Id): Promise<number> {
    return Number(await this.#keyed.ask(id, 'BITCOUNT'));
  }

  /** Clears all of them; says whether there were any. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }

  #position(position: number): string {
    return integerText(this.#keyed.name, 'position', position, 0, this.#size - 1);
  }
}
