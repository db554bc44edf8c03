import type { Definition } from './definition.js';
import { defineKeyed, Keyed, type KeyedDefinition, wellFormed } from './keyed.js';
import { checkLifetime, type Lifetime } from './names.js';
import { isOne, script } from './scripts.js';

/** A period is kept for `ttlMs` from the moment that `add` makes it. */
export interface UniquesDefinition<Id> extends Omit<KeyedDefinition<Id>, 'ttlFrom'> {
  /**
   * How long a period that `merge` makes is kept instead, in milliseconds, or `durable`: the months out of days.
   *
   * @default ttlMs
   */
  readonly mergedTtlMs?: Lifetime;
}

/** Lua around a write to the first key, whose lifetime is that of whoever made it, `add` or `merge`. */
const making = (write: string): string => `local isNew = redis.call('EXISTS', KEYS[1]) == 0
${write}
if isNew and ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end`;

/** KEYS: period. ARGV: lifetime, when it begins, members, of which Lua passes on a few thousand at a time. */
const addUnique = script<boolean>(
  `local changed = 0
${making(`for i = 3, #ARGV, 5000 do
  if redis.call('PFADD', KEYS[1], unpack(ARGV, i, math.min(i + 4999, #ARGV))) == 1 then changed = 1 end
end`)}
return changed`,
  isOne,
);

/** KEYS: period, periods to add to it. ARGV: lifetime, when it begins. */
const merge = script<boolean>(
  `${making(`redis.call('PFMERGE', unpack(KEYS))`)}
return 1`,
  isOne,
);

/** How many different ones there were, by period: visitors of a page a day. */
export function uniques<Id>(definition: UniquesDefinition<Id>): Definition<Uniques<Id>> {
  const { name, ttlMs, mergedTtlMs = ttlMs } = definition;
  checkLifetime(name, mergedTtlMs);
  const merged = { ...definition, ttlMs: mergedTtlMs };
  // Of the two lifetimes the longer one decides whether the server may drop keys.
  const asked = defineKeyed(mergedTtlMs === 'durable' ? merged : definition, () => undefined);
  return {
    ...asked,
    open: (services) => new Uniques(new Keyed(services, definition), new Keyed(services, merged)),
  };
}

/**
 * HyperLogLogs: 12 KiB at most for each period, however many members, with a standard error of 0.81 %. Members cannot be
 * listed. Repeating a call counts nothing twice, so a lost answer does no harm.
 */
export class Uniques<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #merged: Keyed<Id>;

  constructor(keyed: Keyed<Id>, merged: Keyed<Id>) {
    this.#keyed = keyed;
    this.#merged = merged;
  }

  /**
   * Counts members in a period, such as `2026-11-22`; true where the count may have changed. Rejects with `redis/bad-use`
   * for half a character.
   */
  async add(id: Id, period: string, ...members: readonly string[]): Promise<boolean> {
    if (members.length === 0) return false;
    const keys = [this.#keyed.key(id, period)];
    return this.#keyed.runAll(keys, addUnique, ...wellFormed(this.#keyed.name, members));
  }

  /** How many different members there were in these periods taken together; periods that are over count nothing. */
  async count(id: Id, ...periods: readonly string[]): Promise<number> {
    if (periods.length === 0) return 0;
    const keys = periods.map((period) => this.#keyed.key(id, period));
    return Number(await this.#keyed.askAll(keys, 'PFCOUNT'));
  }

  /** Adds the members of some periods to another one, such as the days of a month to the month. */
  async merge(id: Id, into: string, ...periods: readonly string[]): Promise<void> {
    if (periods.length === 0) return;
    // The periods of an id are in one slot.
    await this.#merged.runAll(
      [into, ...periods].map((period) => this.#merged.key(id, period)),
      merge,
    );
  }

  /** Forgets a period; says whether there was one. */
  async delete(id: Id, period: string): Promise<boolean> {
    return Number(await this.#keyed.askAll([this.#keyed.key(id, period)], 'DEL')) > 0;
  }
}
