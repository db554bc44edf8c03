import { Access } from './access.js';
import { checkKeyed, type KeyedDefinition } from './counters.js';
import type { Definition, Services } from './definition.js';
import { encodeId, lifetimeArgument } from './names.js';
import { isOne, script } from './scripts.js';

/** KEYS: counts. ARGV: lifetime, members. */
const addUnique = script<boolean>(
  `local changed = 0
for i = 2, #ARGV do if redis.call('PFADD', KEYS[1], ARGV[i]) == 1 then changed = 1 end end
if ARGV[1] ~= '0' and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return changed`,
  isOne,
);

/** How many different ones there were, by period: visitors of a page a day. */
export function uniques<Id>(definition: KeyedDefinition<Id>): Definition<Uniques<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Uniques(services, definition) };
}

/** HyperLogLogs: 12 KiB at most for any number of members, with a standard error of 0.81 %. */
export class Uniques<Id> {
  readonly #access: Access;
  readonly #definition: KeyedDefinition<Id>;

  constructor(services: Services, definition: KeyedDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Counts members in a period, such as `2026-11-22`; true where the count has changed. */
  async add(id: Id, period: string, ...members: readonly string[]): Promise<boolean> {
    if (members.length === 0) return false;
    const args = [lifetimeArgument(this.#definition.ttlMs), ...members];
    return this.#access.run(addUnique, [this.#key(id, period)], args);
  }

  /** How many different members there were in these periods taken together. */
  async count(id: Id, ...periods: readonly string[]): Promise<number> {
    const keys = periods.map((period) => this.#key(id, period));
    const [first] = keys;
    return first === undefined ? 0 : Number(await this.#access.call(first, ['PFCOUNT', ...keys]));
  }

  /** Adds the members of some periods to another one, such as the days of a month to the month. */
  async merge(id: Id, into: string, ...periods: readonly string[]): Promise<void> {
    const target = this.#key(id, into);
    await this.#access.call(target, ['PFMERGE', target, ...periods.map((period) => this.#key(id, period))]);
    const { ttlMs } = this.#definition;
    if (ttlMs !== 'durable') await this.#access.call(target, ['PEXPIRE', target, lifetimeArgument(ttlMs)]);
  }

  /** The periods of an id are in one slot, so that they can be counted together. */
  #key(id: Id, period: string): string {
    return `${this.#access.key(this.#definition.key(id))}:${encodeId([period])}`;
  }
}
