import { announcementName } from './announcement.js';
import { badUse } from './names.js';
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
    const full = this.#keyPrefix + key;
    return persist(() => this.#port.get(full), this.#withinMs);
  }

  /** Stores the value for `ttlMs` milliseconds, or for ever without it. */
  async set(key: string, value: string, { ttlMs }: { readonly ttlMs?: number } = {}): Promise<void> {
    await this.#call('SET', key, value, ...(ttlMs === undefined ? [] : ['PX', String(ttlMs)]));
  }

  /** Adds one and gives the new number; starts from zero. */
  async incr(key: string): Promise<number> {
    return Number(await this.#call('INCR', key));
  }

  /** Deletes the key and says whether there was one. */
  async delete(key: string): Promise<boolean> {
    return Number(await this.#call('DEL', key)) > 0;
  }

  #call(command: string, key: string, ...args: readonly string[]): Promise<unknown> {
    // Whoever may choose keys must not be able to send all clients elsewhere.
    if (key === announcementName)
      return Promise.reject(badUse(`'${key}' is where the stack says that it has moved.`));
    const full = this.#keyPrefix + key;
    return persist(() => this.#port.call(full, [command, full, ...args]), this.#withinMs);
  }
}
