import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey, wellFormed } from './keyed.js';
import { badUse } from './names.js';
import { integerText } from './numbers.js';
import { textOf, textsOf } from './replies.js';
import { isOne, script } from './scripts.js';

export interface MemberSetDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * Keeps all sets of this definition in one slot, so that they can be intersected and united; on a cluster they then
   * live on one shard. Changing it changes the keys.
   *
   * @default false
   */
  readonly together?: boolean;
}

/** KEYS: set. ARGV: lifetime, when it begins, members, of which Lua passes on a few thousand at a time. */
const addMembers = script<number>(
  `local added = 0
for i = 3, #ARGV, 5000 do
  added = added + redis.call('SADD', KEYS[1], unpack(ARGV, i, math.min(i + 4999, #ARGV)))
end
${keepKey}
return added`,
  Number,
);

/** Sets of texts: the tags of an article, who is online. */
export function memberSet<Id>(definition: MemberSetDefinition<Id>): Definition<MemberSets<Id>> {
  return defineKeyed(definition, (keyed) => new MemberSets(keyed, definition.together === true));
}

/**
 * A set for each id. Repeating a call leaves the same members, so a lost answer does no harm other than to the count that is
 * given back; `take` is the exception.
 */
export class MemberSets<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #areTogether: boolean;

  constructor(keyed: Keyed<Id>, areTogether: boolean) {
    this.#keyed = keyed;
    this.#areTogether = areTogether;
  }

  /** Adds members and says how many were new. Rejects with `redis/bad-use` for half a character. */
  async add(id: Id, ...members: readonly string[]): Promise<number> {
    if (members.length === 0) return 0;
    return this.#keyed.run(id, addMembers, ...wellFormed(this.#keyed.name, members));
  }

  /** Removes members and says how many were there; a set without members is gone. */
  async remove(id: Id, ...members: readonly string[]): Promise<number> {
    if (members.length === 0) return 0;
    return Number(await this.#keyed.ask(id, 'SREM', ...wellFormed(this.#keyed.name, members)));
  }

  async has(id: Id, member: string): Promise<boolean> {
    return isOne(await this.#keyed.ask(id, 'SISMEMBER', ...wellFormed(this.#keyed.name, [member])));
  }

  /** All members, in no order; reading a very large set holds up the server. */
  async members(id: Id): Promise<string[]> {
    return textsOf(await this.#keyed.ask(id, 'SMEMBERS'));
  }

  async size(id: Id): Promise<number> {
    return Number(await this.#keyed.ask(id, 'SCARD'));
  }

  /** Different members by chance, up to `count`; none of an empty set. */
  async random(id: Id, count = 1): Promise<string[]> {
    return textsOf(
      await this.#keyed.ask(id, 'SRANDMEMBER', integerText(this.#keyed.name, 'count', count, 1)),
    );
  }

  /** Takes one member out by chance, `null` of an empty set. A lost answer can take out another one as well. */
  async take(id: Id): Promise<string | null> {
    return textOf(await this.#keyed.ask(id, 'SPOP'));
  }

  /** Members of all of these sets. Rejects with `redis/bad-use` where the definition does not keep them `together`. */
  intersection(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SINTER', ids);
  }

  /** Members of any of these sets; rejects like `intersection`. */
  union(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SUNION', ids);
  }

  /** Members of the first set that are in none of the others; rejects like `intersection`. */
  difference(...ids: readonly Id[]): Promise<string[]> {
    return this.#combine('SDIFF', ids);
  }

  /** Deletes the set and says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }

  async #combine(command: string, ids: readonly Id[]): Promise<string[]> {
    // Refused on every topology, so that it does not first fail on the day of the move to a cluster.
    if (!this.#areTogether)
      throw badUse(`The sets of '${this.#keyed.name}' are not kept together, so they cannot be combined.`);
    const keys = ids.map((id) => this.#keyed.key(id));
    return keys.length === 0 ? [] : textsOf(await this.#keyed.askAll(keys, command));
  }
}
