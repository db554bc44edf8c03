import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey } from './keyed.js';
import { numberText } from './numbers.js';
import { textOf } from './replies.js';
import { isOne, script } from './scripts.js';

export interface ExtremumDefinition<Id> extends KeyedDefinition<Id> {
  /** Which number stays: the `greatest` offered, such as an offset that only rises, or the `least`, such as a price. */
  readonly keep: 'greatest' | 'least';
}

export interface ExtremumOffer {
  /** The number that stands after the offer. */
  readonly value: number;
  /** Whether the offer has replaced another one or is the first; false for one that a lost answer made twice. */
  readonly changed: boolean;
}

/** KEYS: number. ARGV: lifetime, when it begins, which one stays, number. */
const offer = script<ExtremumOffer>(
  `local value = redis.call('GET', KEYS[1])
local changed = 1
if value and ARGV[3] == 'greatest' and tonumber(ARGV[4]) <= tonumber(value) then changed = 0 end
if value and ARGV[3] == 'least' and tonumber(ARGV[4]) >= tonumber(value) then changed = 0 end
if changed == 1 then
  value = ARGV[4]
  redis.call('SET', KEYS[1], value, 'KEEPTTL')
end
${keepKey}
return {value, changed}`,
  (reply) => {
    const [value, changed] = reply as readonly unknown[];
    return { value: Number(value), changed: isOne(changed) };
  },
);

/** Numbers that only rise or only fall: the highest offset seen, the lowest price of the day. */
export function extremum<Id>(definition: ExtremumDefinition<Id>): Definition<Extremum<Id>> {
  return defineKeyed(definition, (keyed) => new Extremum(keyed, definition));
}

/** Set-if-greater or set-if-less, in one step on the server. Repeating an offer does no harm. */
export class Extremum<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #keep: string;

  constructor(keyed: Keyed<Id>, { keep }: ExtremumDefinition<Id>) {
    this.#keyed = keyed;
    this.#keep = keep;
  }

  /**
   * Stores the number if it is greater (or less) than the present one or the first, and says which stands. Rejects with
   * `redis/bad-use` for NaN, infinity and numbers beyond 2^53 - 1 either way.
   */
  async offer(id: Id, value: number): Promise<ExtremumOffer> {
    return this.#keyed.run(id, offer, this.#keep, numberText(this.#keyed.name, 'value', value));
  }

  /** The number that stands, `null` where none was offered. */
  async get(id: Id): Promise<number | null> {
    const text = textOf(await this.#keyed.ask(id, 'GET'));
    return text === null ? null : Number(text);
  }

  /** Forgets the number; says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }
}
