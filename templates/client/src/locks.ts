import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { checkMs, checkName, type KeyPart } from './names.js';
import { textOf } from './replies.js';
import { releaseLease, renewLease, script } from './scripts.js';

export interface LockDefinition<Id> {
  readonly name: string;
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * How long a lock stays taken after its holder has died, in milliseconds; a living holder keeps it for as long as it works.
   *
   * @default 10000
   */
  readonly ttlMs?: number;
}

export interface Held {
  /**
   * Grows with every holder. Send it along with every write, and have the receiver refuse one that is lower than the
   * highest it has seen: a paused process may still believe in a lock that another one holds by now.
   */
  readonly fence: number;
  /** Aborted when the lock is lost: stop, another one may have begun. */
  readonly signal: AbortSignal;
}

/** KEYS: lock, fence. ARGV: token, lifetime. */
const acquire = script<number | null>(
  `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return redis.call('INCR', KEYS[2])
end
return false`,
  (reply) => (textOf(reply) === null ? null : Number(reply)),
);

/** One at a time, across all processes. */
export function lock<Id>(definition: LockDefinition<Id>): Definition<Lock<Id>> {
  checkName(definition.name);
  if (definition.ttlMs !== undefined) checkMs(definition.name, 'ttlMs', definition.ttlMs);
  return { name: definition.name, open: (services) => new Lock(services, definition) };
}

/**
 * A lock on one primary. A failover can hand it out twice, as any lock on Redis: the fence, not the lock, is what protects
 * the data.
 */
export class Lock<Id> {
  readonly #access: Access;
  readonly #definition: LockDefinition<Id>;
  readonly #ttlMs: number;

  constructor(services: Services, definition: LockDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#ttlMs = definition.ttlMs ?? 10_000;
  }

  /**
   * Runs `work` while holding the lock and gives its result. Waits for the lock for `waitMs` milliseconds, by default not
   * at all, and rejects with `redis/locked` after that.
   */
  async with<Result>(
    id: Id,
    work: (held: Held) => Promise<Result>,
    { waitMs = 0 }: { readonly waitMs?: number } = {},
  ): Promise<Result> {
    await expectNoEviction(this.#access.services, `Locks of '${this.#definition.name}'`, 'expiring');
    const key = this.#access.key(this.#definition.key(id));
    const token = randomUUID();
    const fence = await this.#take(key, token, waitMs);
    const losing = new AbortController();
    const stop = this.#keep(key, token, losing);
    try {
      return await work({ fence, signal: losing.signal });
    } finally {
      stop();
      // If this fails, the lock ends by itself.
      await this.#access.services.port.run(releaseLease, [key], [token]).catch(() => false);
    }
  }

  async #take(key: string, token: string, waitMs: number): Promise<number> {
    const end = performance.now() + waitMs;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
      const fence = await this.#access.run(acquire, [key, `${key}:fence`], [token, String(this.#ttlMs)]);
      if (fence !== null) return fence;
      const pause = pauseMs * (0.5 + Math.random() / 2);
      if (performance.now() + pause > end)
        throw new RedisError('redis/locked', `'${this.#definition.name}' was locked for ${waitMs} ms.`);
      await sleep(pause);
    }
  }

  #keep(key: string, token: string, losing: AbortController): () => void {
    const { port } = this.#access.services;
    let good = performance.now();
    const lose = (why: string): void => {
      clearInterval(timer);
      losing.abort(
        new RedisError('redis/lock-lost', `'${this.#definition.name}' is no longer locked: ${why}.`),
      );
    };
    const renew = async (): Promise<void> => {
      const asked = performance.now();
      try {
        if (await port.run(renewLease, [key], [token, String(this.#ttlMs)])) good = asked;
        else lose('it had ended');
      } catch {
        // Not answered: it may be tried again while the lock cannot have ended yet.
      }
    };
    const timer = setInterval(() => {
      if (performance.now() - good > this.#ttlMs * 0.9) lose('Redis did not confirm in time');
      else void renew();
    }, this.#ttlMs / 4);
    return () => clearInterval(timer);
  }
}
