import { Access } from './access.js';
import { checkKeyed, type KeyedDefinition } from './counters.js';
import type { Definition, Services } from './definition.js';
import { badUse, lifetimeArgument } from './names.js';
import { textOf, textsOf } from './replies.js';
import { isOne, script } from './scripts.js';

export interface MemberSetDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * Keeps all sets of this definition in one slot, so that they can be intersected and united; on a cluster they then
   * live on one shard.
   *
   * @default false
   */
  readonly together?: boolean;
}

/** KEYS: set. ARGV: lifetime, members. */
const addMembers = script<number>(
  `local added = 0
for i = 2, #ARGV do added = added + redis.call('SADD', KEYS[1], ARGV[i]) end
if ARGV[1] ~= '0' and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return added`,
  Number,
);

/** Sets of texts: the tags of an article, who is online. */
export function memberSet<Id>(definition: MemberSetDefinition<Id>): Definition<MemberSets<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new MemberSets(services, definition) };
}

export class MemberSets<Id> {
  readonly #access: Access;
  readonly #definition: MemberSetDefinition<Id>;

  constructor(services: Services, definition: MemberSetDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Adds members and says how many were new. */
  async add(id: Id, ...members: readonly string[]): Promise<number> {
    if (members.length === 0) return 0;
    const args = [lifetimeArgument(this.#definition.ttlMs), ...members];
    return this.#access.run(addMembers, [this.#key(id)], args);
  }

  /** Removes members and says how many were there. */
  async remove(id: Id, ...members: readonly string[]): Promise<number> {
    if (members.length === 0) return 0;
    return Number(await this.#ask(id, 'SREM', ...members));
  }

  async has(id: Id, member: string): Promise<boolean> {
    return isOne(await this.#ask(id, 'SISMEMBER', member));
  }

  /** All members, in no order; of a large set use `random`. */
  async members(id: Id): Promise<string[]> {
    return textsOf(await this.#ask(id, 'SMEMBERS'));
  }

  async size(id: Id): Promise<number> {
    return Number(await this.#ask(id, 'SCARD'));
  }

  /** Up to `count` different members by chance. */
  async random(id: Id, count = 1): Promise<string[]> {
    return textsOf(await this.#ask(id, 'SRANDMEMBER', String(count)));
  }

  /** Takes one member out by chance, `null` of an empty set. */
  async take(id: Id): Promise<string | null> {
    return textOf(await this.#ask(id, 'SPOP'));
  }

  /** Members of all of these sets; only of a definition that keeps them `together`. */
  intersection(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SINTER', ids);
  }

  /** Members of any of these sets. */
  union(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SUNION', ids);
  }

  /** Members of the first set that are in none of the others. */
  difference(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SDIFF', ids);
  }

  async #combine(command: string, ids: readonly Id[]): Promise<string[]> {
    // Refused on every topology, so that it does not first fail on the day of the move to a cluster.
    if (this.#definition.together !== true)
      throw badUse(
        `The sets of '${this.#definition.name}' are not kept together, so they cannot be combined.`,
      );
    const keys = ids.map((id) => this.#key(id));
    const [first] = keys;
    return first === undefined ? [] : textsOf(await this.#access.call(first, [command, ...keys]));
  }

  #ask(id: Id, command: string, ...args: readonly string[]): Promise<unknown> {
    const key = this.#key(id);
    return this.#access.call(key, [command, key, ...args]);
  }

  #key(id: Id): string {
    const parts = this.#definition.key(id);
    return this.#definition.together ? this.#access.shared(...parts) : this.#access.key(parts);
  }
}
