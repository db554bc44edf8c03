import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey } from './keyed.js';
import { integerText, numberText, refuseInexact } from './numbers.js';
import { script } from './scripts.js';

export { Extremum, type ExtremumDefinition, type ExtremumOffer, extremum } from './extremes.js';
export { Flags, type FlagsDefinition, flags } from './flags.js';
export { Once, type OnceDefinition, once } from './once.js';

export interface CounterDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * Whether it counts in integers, or in numbers with fractions, of which Redis keeps 17 decimals.
   *
   * @default 'integer'
   */
  readonly numbers?: 'integer' | 'float';
}

/**
 * KEYS: counter. ARGV: lifetime, when it begins, command, amount. Gives a text, because client libraries are not exact about
 * replies that are integers near 2^53.
 */
const add = script<number>(
  `${refuseInexact(`(tonumber(redis.call('GET', KEYS[1])) or 0) + ARGV[4]`)}
local reply = redis.call(ARGV[3], KEYS[1], ARGV[4])
${keepKey}
return type(reply) == 'number' and string.format('%.0f', reply) or reply`,
  Number,
);

/** Numbers that many processes add to: views of a page, what a customer has used this month. */
export function counter<Id>(definition: CounterDefinition<Id>): Definition<Counter<Id>> {
  return defineKeyed(definition, (keyed) => new Counter(keyed, definition));
}

/** A number for each id. Additions of many processes are all counted; one whose answer is lost can count twice. */
export class Counter<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #isFloat: boolean;

  constructor(keyed: Keyed<Id>, { numbers }: CounterDefinition<Id>) {
    this.#keyed = keyed;
    this.#isFloat = numbers === 'float';
  }

  /**
   * Adds a number, also a negative one, and gives the sum. Rejects with `redis/bad-use` where `by` is no integer, or, for
   * floats, not finite; with `redis/refused`, and adds nothing, where the sum would be beyond 2^53 - 1 either way.
   */
  async add(id: Id, by = 1): Promise<number> {
    const { name } = this.#keyed;
    return this.#isFloat
      ? this.#keyed.run(id, add, 'INCRBYFLOAT', numberText(name, 'by', by))
      : this.#keyed.run(id, add, 'INCRBY', integerText(name, 'by', by));
  }

  /** The sum so far, 0 where nothing was added. */
  async get(id: Id): Promise<number> {
    return Number((await this.#keyed.ask(id, 'GET')) ?? 0);
  }

  /** The sums of many ids in their order, with one question for each server. */
  async getMany(ids: readonly Id[]): Promise<number[]> {
    return (await this.#keyed.askEach(ids)).map((text) => Number(text ?? 0));
  }

  /** Begins at 0 again; says whether there was a number. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }
}
