import { randomUUID } from 'node:crypto';
import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey, wellFormed } from './keyed.js';
import { badUse } from './names.js';
import { textOf } from './replies.js';
import { isOne, script } from './scripts.js';

/** A claim lasts for `ttlMs` from the moment it is made. */
export type OnceDefinition<Id> = Omit<KeyedDefinition<Id>, 'ttlFrom'>;

/** KEYS: claim. ARGV: lifetime, when it begins, owner. */
const claim = script<boolean>(
  `local owner = redis.call('GET', KEYS[1])
if owner then return owner == ARGV[3] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[3])
${keepKey}
return 1`,
  isOne,
);

/** KEYS: claim. ARGV: lifetime, when it begins, owner. */
const release = script<boolean>(
  `if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
return redis.call('DEL', KEYS[1])`,
  isOne,
);

/** Things to be done once: a payment with an idempotency key, a mail a day. */
export function once<Id>(definition: OnceDefinition<Id>): Definition<Once<Id>> {
  // A claim that is dropped early is given a second time.
  return defineKeyed({ ...definition, mustLast: true }, (keyed) => new Once(keyed));
}

/**
 * Set-if-absent: the first to claim an id has it, until it is released or its lifetime ends. Rejects with `redis/may-evict`
 * on a server that may drop claims. A failover can lose the last claims, as it can lose any write that has just been made.
 */
export class Once<Id> {
  readonly #keyed: Keyed<Id>;

  constructor(keyed: Keyed<Id>) {
    this.#keyed = keyed;
  }

  /**
   * True for the first, and again for the same `by`, so that a call whose answer is lost still gets what it claimed.
   * Without `by` each call is somebody of its own, whose claim nobody can release.
   */
  async claim(id: Id, by: string = randomUUID()): Promise<boolean> {
    return this.#keyed.run(id, claim, this.#owner(by));
  }

  /** Who has claimed it, `null` where nobody has. */
  async owner(id: Id): Promise<string | null> {
    return textOf(await this.#keyed.ask(id, 'GET'));
  }

  /** Gives a claim back, so that another one can try; false where `by` does not hold it (any more). */
  async release(id: Id, by: string): Promise<boolean> {
    return this.#keyed.run(id, release, this.#owner(by));
  }

  #owner(by: string): string {
    const { name } = this.#keyed;
    if (by === '') throw badUse(`A claim of '${name}' needs an owner that is not empty.`);
    wellFormed(name, [by]);
    return by;
  }
}
