import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { Holding } from './lock-holding.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import { persist } from './retry.js';

export interface LockDefinition<Id> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What is locked: an invoice, an account. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * How long a lock stays taken after its holder has died, in milliseconds, from 100 to a day; a living holder keeps it
   * for as long as it works. Holders are told of a loss when nine tenths of it have passed without word from Redis, so it should be
   * longer than a failover takes.
   *
   * @default 10000
   */
  readonly ttlMs?: number;
}

export interface LockOptions {
  /**
   * How long to wait while others hold the lock, in milliseconds. What Redis is away comes on top, `writeWithinMs` at most.
   *
   * @default 0, which tries once
   */
  readonly waitMs?: number;
}

export interface HeldLock {
  /**
   * Greater with every holder, below 2^53. Send it along with every write, and have the receiver refuse one that is lower
   * than the highest it has seen: a paused process may still believe in a lock that another one holds by now.
   */
  readonly fence: number;
  /** Aborted with `redis/lock-lost` before another one can have the lock, where this process is not paused: stop working. */
  readonly signal: AbortSignal;
}

export interface HeldLocks extends Pick<HeldLock, 'signal'> {
  /** A fence for each id, in the order in which they were given. */
  readonly fences: readonly number[];
}

/** What `tryWith` gives: the result, or word that another one holds the lock. */
export type LockAttempt<Result> = { readonly done: true; readonly result: Result } | { readonly done: false };

interface Taken {
  readonly holdings: readonly Holding[];
  readonly fences: ReadonlyMap<string, number>;
  readonly losing: AbortController;
}

// Shorter, and a pause of the process would lose locks all the time; longer, and a dead holder would block for days.
const shortestMs = 100;
const longestMs = 86_400_000;

/** One at a time, across all processes. Throws `redis/bad-use` if the definition cannot work. */
export function lock<Id>(definition: LockDefinition<Id>): Definition<Lock<Id>> {
  const { name, ttlMs = 10_000 } = definition;
  checkName(name);
  checkMs(name, 'ttlMs', ttlMs);
  if (ttlMs < shortestMs || ttlMs > longestMs)
    throw badUse(`'${name}' needs a ttlMs from ${shortestMs} to ${longestMs}, and got ${ttlMs}.`);
  return { name, mustStay: 'expiring', open: (services) => new Lock(services, definition) };
}

/**
 * A lock on one primary. A failover can lose it and hand it out twice, as it can any lock on Redis: the fence, not the lock,
 * is what protects the data. Fences grow through that, too, unless the new primary's clock is behind by more than the
 * failover took.
 *
 * It is not reentrant: work that asks for the lock it is under gets `redis/locked`.
 */
export class Lock<Id> {
  readonly #access: Access;
  readonly #definition: LockDefinition<Id>;
  readonly #ttlMs: number;
  readonly #working = new Set<Promise<unknown>>();

  constructor(services: Services, definition: LockDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#ttlMs = Math.round(definition.ttlMs ?? 10_000);
    services.onClose(async () => void (await Promise.allSettled(this.#working)));
  }

  /**
   * Runs `work` while holding the lock and gives its result, or rejects with its error.
   *
   * Rejects with `redis/locked` where others held the lock for `waitMs`, with `redis/deadline` where Redis did not answer
   * within `writeWithinMs`, with `redis/may-evict` on a server that may drop the lock, and with `redis/lock-lost` where the
   * lock was lost before the work had ended: what the work did is done, but perhaps it was not alone.
   */
  with<Result>(
    id: Id,
    work: (held: HeldLock) => Result | Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    return this.withAll([id], ({ fences: [fence = 0], signal }) => work({ fence, signal }), options);
  }

  /** As `with`, but where another one holds the lock it does not wait and is not an error. */
  async tryWith<Result>(
    id: Id,
    work: (held: HeldLock) => Result | Promise<Result>,
  ): Promise<LockAttempt<Result>> {
    const key = this.#key(id);
    const taken = await this.#take([key], 0);
    if (taken === undefined) return { done: false };
    const result = this.#under(taken, ({ signal }) => work({ fence: taken.fences.get(key) ?? 0, signal }));
    return { done: true, result: await result };
  }

  /**
   * As `with` for several ids at once, also for none. All callers take them in the same order, so that they do not wait for
   * each other in a circle; `waitMs` is for all together, and the loss of one aborts the signal.
   */
  async withAll<Result>(
    ids: readonly Id[],
    work: (held: HeldLocks) => Result | Promise<Result>,
    { waitMs = 0 }: LockOptions = {},
  ): Promise<Result> {
    const { name } = this.#definition;
    if (!(Number.isFinite(waitMs) && waitMs >= 0))
      throw badUse(`'${name}' needs a waitMs of 0 or more, and got ${waitMs}.`);
    const keys = ids.map((id) => this.#key(id));
    const taken = await this.#take(keys, waitMs);
    if (taken === undefined) throw new RedisError('redis/locked', `'${name}' was locked for ${waitMs} ms.`);
    const fences = keys.map((key) => taken.fences.get(key) ?? 0);
    return this.#under(taken, ({ signal }) => work({ fences, signal }));
  }

  async #take(keys: readonly string[], waitMs: number): Promise<Taken | undefined> {
    const { services, name } = this.#access;
    await persist(
      () => expectNoEviction(services, `A lock of '${name}'`, 'expiring'),
      services.writeWithinMs,
    );
    const endAt = performance.now() + waitMs;
    const losing = new AbortController();
    const fences = new Map<string, number>();
    const holdings: Holding[] = [];
    const taken = { holdings, fences, losing };
    try {
      for (const key of [...new Set(keys)].sort()) {
        const holding = new Holding(services.port, key, randomUUID(), this.#ttlMs);
        holdings.push(holding);
        const fence = await this.#wait(holding, endAt);
        if (fence === null) return await letGo(taken);
        fences.set(key, fence);
        holding.keep((why) => this.#lose(losing, why));
      }
      // The first may have been lost while the last was waited for.
      losing.signal.throwIfAborted();
      return taken;
    } catch (error) {
      await letGo(taken);
      throw error;
    }
  }

  /** Gives the fence, or `null` where others have held the lock until the end. */
  async #wait(holding: Holding, endAt: number): Promise<number | null> {
    const { writeWithinMs } = this.#access.services;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
      const fence = await persist(() => holding.take(), writeWithinMs);
      const leftMs = endAt - performance.now();
      if (fence !== null || leftMs <= 0) return fence;
      // Spread, so that those who wait do not all ask at once; and once more at the very end.
      await sleep(Math.min(leftMs, pauseMs * (0.5 + Math.random() / 2)));
    }
  }

  #under<Result>(
    taken: Taken,
    work: (held: Pick<HeldLock, 'signal'>) => Result | Promise<Result>,
  ): Promise<Result> {
    const { signal } = taken.losing;
    const working = (async () => {
      try {
        const result = await work({ signal });
        signal.throwIfAborted();
        return result;
      } finally {
        await letGo(taken);
      }
    })();
    this.#working.add(working);
    const forget = () => this.#working.delete(working);
    working.then(forget, forget);
    return working;
  }

  #lose(losing: AbortController, why: string): void {
    const { services, name } = this.#access;
    if (losing.signal.aborted) return;
    services.observe({ name, what: 'lock-lost' });
    losing.abort(new RedisError('redis/lock-lost', `'${name}' is no longer locked: ${why}.`));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}

async function letGo({ holdings }: Taken): Promise<undefined> {
  await Promise.all(holdings.map((holding) => holding.letGo()));
}
