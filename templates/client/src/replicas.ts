import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';

// Of the command on the server; what is not confirmed by then is asked for again.
const waitMs = 200;
const waits = 10;

/** Waits until replicas have what was written on a connection; one command serves all who wait at the time. */
export class Replicas {
  readonly #port: RedisPort;
  readonly #key: string;
  readonly #count: number;
  #next: Promise<boolean> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  /** `key` is one of the shard that is meant. */
  constructor(port: RedisPort, key: string, count: number) {
    this.#port = port;
    this.#key = key;
    this.#count = count;
  }

  /**
   * To be called after the answer to a write: true when enough replicas have it, false where they do not
   * within two seconds, or where the server has become a replica itself.
   */
  confirmed(): Promise<boolean> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#current.then(() => {
      this.#next = undefined;
      return this.#ask();
    });
    this.#next = next;
    this.#current = next.catch(() => false);
    return next;
  }

  /** How many have confirmed; or that the server has become a replica, which no redirection tells: it is about no key. */
  async #wait(): Promise<number | 'replica'> {
    try {
      return Number(await this.#port.call(this.#key, ['WAIT', String(this.#count), String(waitMs)]));
    } catch (error) {
      if (error instanceof RedisError && error.message.includes('replica instances')) return 'replica';
      throw error;
    }
  }

  async #ask(): Promise<boolean> {
    for (let asked = 0; asked < waits; asked++) {
      const count = await this.#wait();
      if (count === 'replica') return false;
      if (count >= this.#count) return true;
    }
    return false;
  }
}
