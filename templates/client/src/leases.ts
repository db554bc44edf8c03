import type { Guard } from './guard.js';
import type { CacheKeyspace, EntryKeys } from './keyspace.js';
import type { RedisPort } from './port.js';
import {
  acquireLease,
  fillUnderLease,
  type LeaseReply,
  overwrite,
  releaseLease,
  renewLease,
  type Script,
} from './scripts.js';

// How long others wait after a process dies while it loads.
const leaseMs = 2000;

type Lifetimes = Pick<
  CacheKeyspace<unknown, unknown>,
  'ttlMs' | 'negativeTtlMs' | 'graceMs' | 'jitter' | 'maxLoadMs'
>;

/**
 * The right to load a value, kept in Redis beside it. Who holds it may fill the value; whoever invalidates the value
 * takes the right away, so a load that began before cannot bring the old value back. (The idea is from "Scaling Memcache
 * at Facebook", NSDI 2013.)
 */
export class Leases {
  readonly #port: RedisPort;
  readonly #guard: Guard;
  readonly #lifetimes: Lifetimes;

  constructor(port: RedisPort, guard: Guard, lifetimes: Lifetimes) {
    this.#port = port;
    this.#guard = guard;
    this.#lifetimes = lifetimes;
  }

  /** Asks for the lease, or for the value if there is one by now other than `unreadable`. */
  acquire(keys: EntryKeys, token: string, unreadable: string): Promise<LeaseReply> {
    return this.#run(acquireLease, [keys.value, keys.lease], [token, String(leaseMs), unreadable]);
  }

  /** Keeps leases while their load runs, for `maxLoadMs` at most; returns the way to stop. */
  keep(entries: readonly EntryKeys[], token: string): () => void {
    const renew = (keys: EntryKeys): void => {
      // A lease that cannot be renewed is lost, which the fill will notice.
      this.#run(renewLease, [keys.lease], [token, String(leaseMs)]).catch(() => {});
    };
    const end = performance.now() + this.#lifetimes.maxLoadMs;
    const timer = setInterval(() => {
      if (performance.now() > end) clearInterval(timer);
      else entries.forEach(renew);
    }, leaseMs / 3);
    return () => clearInterval(timer);
  }

  /** Stores what was loaded; false if the lease was lost meanwhile. */
  fill(keys: EntryKeys, token: string, text: string, isAbsent: boolean): Promise<boolean> {
    const args = [token, ...this.#stored(text, isAbsent)];
    return this.#run(fillUnderLease, [keys.value, keys.lease, keys.spare], args);
  }

  /** Gives the lease back after a failed load, so that another can try at once. */
  async release(keys: EntryKeys, token: string): Promise<void> {
    // If this fails too, the lease ends by itself.
    await this.#run(releaseLease, [keys.lease], [token]).catch(() => false);
  }

  /** Stores a value whatever the lease says, past the guard: a write must not be skipped. */
  async overwrite(keys: EntryKeys, text: string, isAbsent: boolean): Promise<void> {
    const args = ['', ...this.#stored(text, isAbsent)];
    await this.#port.run(overwrite, [keys.value, keys.lease, keys.spare], args);
  }

  #run<Reply>(
    script: Script<Reply>,
    keys: readonly [string, ...string[]],
    args: readonly string[],
  ): Promise<Reply> {
    return this.#guard.run(keys[0], () => this.#port.run(script, keys, args));
  }

  #stored(text: string, isAbsent: boolean): [text: string, ttlMs: string, spareTtlMs: string] {
    const { ttlMs, negativeTtlMs, graceMs, jitter } = this.#lifetimes;
    const baseMs = isAbsent ? negativeTtlMs : ttlMs;
    if (baseMs <= 0) return ['', '0', '0'];
    const spreadMs = Math.max(1, Math.round(baseMs * (1 + jitter * (Math.random() * 2 - 1))));
    return [text, String(spreadMs), String(graceMs > 0 ? Math.round(spreadMs + graceMs) : 0)];
  }
}
