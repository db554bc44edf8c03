import type { RedisPort } from './port.js';
import { persist } from './retry.js';

/**
 * Plain keys outside of any cache, each behind the stack's key prefix.
 *
 * Calls are repeated through restarts and failovers and reject with `redis/deadline` after `writeWithinMs`. Delivery is at
 * least once: a lost answer repeats the command, so an `incr` can count twice. An acknowledged write is as durable as the
 * stack's replication and persistence make it.
 */
export class Direct {
  readonly #port: RedisPort;
  readonly #keyPrefix: string;
  readonly #withinMs: number;

  constructor(port: RedisPort, keyPrefix: string, withinMs: number) {
    this.#port = port;
    this.#keyPrefix = keyPrefix;
    this.#withinMs = withinMs;
  }

  /** Gives the value, or `null` when there is none. */
  get(key: string): Promise<string | null> {
    return persist(() => this.#port.get(this.#keyPrefix + key), this.#withinMs);
  }

  /** Stores the value for `ttlMs` milliseconds, or for ever without it. */
  set(key: string, value: string, options: { readonly ttlMs?: number } = {}): Promise<void> {
    return persist(() => this.#port.set(this.#keyPrefix + key, value, options.ttlMs), this.#withinMs);
  }

  /** Adds one and gives the new number; starts from zero. */
  incr(key: string): Promise<number> {
    return persist(() => this.#port.incr(this.#keyPrefix + key), this.#withinMs);
  }

  /** Deletes the key and says whether there was one. */
  async delete(key: string): Promise<boolean> {
    return (await persist(() => this.#port.del([this.#keyPrefix + key]), this.#withinMs)) > 0;
  }
}
