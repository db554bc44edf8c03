import type { Access } from './access.js';
import type { RedisEvent } from './definition.js';
import { RedisError } from './errors.js';
import { GroupReader } from './group-reader.js';
import { inTime } from './in-time.js';
import type { Items } from './items.js';
import type { RedisPort } from './port.js';
import type { Delivery } from './stream-scripts.js';
import * as scripts from './write-behind-scripts.js';

/** A change on its way to the source. */
export interface WriteBehindChange<Value> {
  /** The parts of its key, as texts. */
  readonly key: readonly string[];
  /** `null` where it was removed. */
  readonly value: Value | null;
  /** Grows with every change of this key: write only where the source has a lower one. */
  readonly version: number;
}

export interface WriteBehindContext {
  /** Aborted when it takes longer than it may: `flushWithinMs`, or `hardTimeoutMs` of a load. */
  readonly signal: AbortSignal;
}

export type WriteBehindFlush<Value> = (
  changes: readonly WriteBehindChange<Value>[],
  context: WriteBehindContext,
) => unknown;

/** The keys of one shard. */
export interface Shard {
  readonly log: string;
  readonly dead: string;
  readonly clock: string;
  /** The key of a value, by the parts that the application gave it. */
  readonly value: (parts: readonly string[]) => string;
}

export interface FlusherOptions<Value> {
  readonly access: Access;
  readonly items: Items<Value>;
  readonly flush: WriteBehindFlush<Value>;
  readonly batch: number;
  readonly flushWithinMs: number;
  readonly maxDeliveries: number;
  readonly silentMs: number;
  readonly retryMs: number;
  /** How long a value is kept from now on that the source has, in milliseconds; `isRemoved` where it has none. */
  readonly lifetimeMs: (isRemoved: boolean) => number;
  /** How many changes the source has taken so far, from all shards of this worker. */
  readonly tally: { taken: number };
}

/** `more`: go on at once. `idle`: nothing to do for a moment. `failed`: leave the source alone for a while. */
export type Pace = 'more' | 'idle' | 'failed';

const group = 'flush';

// How many tries in a row may fail before the source is left alone for a while.
const failuresInRow = 3;

const mostFailed = 10_000;

/** A change as the log has it. */
interface Logged<Value> extends WriteBehindChange<Value> {
  readonly id: string;
  /** How often it was tried without others, this time included. */
  readonly count: number;
  /** True where it is not what the schema describes; `value` then says nothing. */
  readonly isUnreadable: boolean;
}

/** One look at what is due. */
interface Round {
  failures: number;
  readonly isStopped: () => boolean;
}

/**
 * Takes changes from the log of one shard to the source: new ones in batches; those of a batch that failed in halves of it,
 * until the bad one is found; and one by one those that failed alone or were left by a worker that died.
 */
export class ShardFlusher<Value> {
  readonly #shard: Shard;
  readonly #options: FlusherOptions<Value>;
  readonly #reader: GroupReader;
  readonly #inHand = new Set<string>();
  /** What the source had taken when a change failed for the first time. */
  readonly #failed = new Map<string, number>();

  constructor(shard: Shard, options: FlusherOptions<Value>) {
    const { access, silentMs, retryMs } = options;
    const { log, dead } = shard;
    this.#shard = shard;
    this.#options = options;
    const own = { maxDeliveries: 0, maxDead: 0, keep: -1 };
    this.#reader = new GroupReader({ access, log, dead, group, from: 'start', silentMs, retryMs, ...own });
  }

  get retryEveryMs(): number {
    return this.#reader.claimEveryMs;
  }

  /** The pause after so many failures in a row, in milliseconds. */
  pauseMs(failures: number): number {
    return this.#reader.pauseMs(failures);
  }

  /** Says that this worker is alive while the source takes its time; returns the way to stop. */
  keepRenewing(port: RedisPort): () => void {
    // One that was taken over meanwhile does no harm: the source has versions.
    return this.#reader.keepRenewing(
      port,
      () => [...this.#inHand],
      () => {},
    );
  }

  leave(): Promise<void> {
    return this.#reader.leave();
  }

  /** Takes a batch of new changes to the source. */
  async flushNew(port: RedisPort): Promise<Pace> {
    const { batch } = this.#options;
    const entries = await this.#reader.fresh(port, batch, 0);
    if (entries.length === 0) return 'idle';
    const logged = await Promise.all(entries.map((entry) => this.#read(entry)));
    await this.#postpone(logged.filter(({ isUnreadable }) => isUnreadable));
    const readable = logged.filter(({ isUnreadable }) => !isUnreadable);
    const error = await this.#holding(readable, () => this.#flush(readable));
    if (error === undefined) return entries.length === batch ? 'more' : 'idle';
    // Not counted: what is wrong with a batch need not be wrong with each of them.
    await this.#postpone(readable);
    return 'failed';
  }

  /** Takes changes that are due for another try to the source. */
  async flushDue(port: RedisPort, isStopped: () => boolean): Promise<Pace> {
    const { batch } = this.#options;
    const due = await this.#reader.due(port, batch);
    const tries = (await Promise.all(due.map((one) => this.#examine(one)))).flat();
    const round: Round = { failures: 0, isStopped };
    await this.#holding(tries, async () => {
      const others = tries.filter(({ count }) => count > 1).sort((a, b) => a.count - b.count);
      const together = tries.filter(({ count }) => count === 1);
      for (const some of [together, ...others.map((one) => [one])]) await this.#search(some, round);
    });
    if (round.failures >= failuresInRow) return 'failed';
    return due.length === batch ? 'more' : 'idle';
  }

  /** Counts a try before it is made, so that a change over which workers die is found out. */
  async #examine(delivery: Delivery): Promise<readonly Logged<Value>[]> {
    const { access, maxDeliveries } = this.#options;
    const { log, dead, value } = this.#shard;
    const logged = await this.#read(delivery);
    const { id, key, version } = logged;
    const args = [group, this.#reader.consumer, id, String(version), String(maxDeliveries)];
    const verdict = await access.run(scripts.attempt, [log, value(key), dead], args);
    if (verdict.kind === 'try') return [{ ...logged, count: verdict.count }];
    this.#failed.delete(id);
    this.#tell(verdict.kind === 'dead' ? 'dead-letter' : verdict.kind);
    return [];
  }

  async #search(tries: readonly Logged<Value>[], round: Round): Promise<void> {
    const [first] = tries;
    if (first === undefined) return;
    if (round.failures >= failuresInRow || round.isStopped()) return this.#postpone(tries);
    const error = await this.#flush(tries);
    if (error === undefined) {
      round.failures = 0;
    } else if (tries.length === 1) {
      round.failures++;
      await this.#fail(first, error);
    } else {
      const half = Math.ceil(tries.length / 2);
      await this.#search(tries.slice(0, half), round);
      await this.#search(tries.slice(half), round);
    }
  }

  /** Gives changes back that were not tried alone. */
  async #postpone(logged: readonly Logged<Value>[]): Promise<void> {
    // All alike where there are several.
    const count = Math.max(0, (logged[0]?.count ?? 0) - 1);
    const ids = logged.map(({ id }) => id);
    await this.#reader.giveBack(ids, this.pauseMs(1), count);
  }

  /**
   * A change is given up only when the source has taken others since it first failed: while it takes none, it is the source
   * that is ill, and everything waits.
   */
  async #fail({ id, count, isUnreadable }: Logged<Value>, error: unknown): Promise<void> {
    const { maxDeliveries, tally } = this.#options;
    const since = this.#failed.get(id) ?? tally.taken;
    // Some of them others have dealt with since.
    if (this.#failed.size > mostFailed) this.#failed.clear();
    this.#failed.set(id, since);
    if (count >= maxDeliveries && (isUnreadable || tally.taken > since)) {
      this.#failed.delete(id);
      await this.#reader.giveUp(id, error);
    } else await this.#reader.giveBack([id], this.pauseMs(count), Math.min(count, maxDeliveries - 1));
  }

  /** Has the source take changes, each key once; gives what went wrong. */
  async #flush(logged: readonly Logged<Value>[]): Promise<unknown> {
    if (logged.length === 0) return undefined;
    if (logged.some(({ isUnreadable }) => isUnreadable)) return notReadable();
    const changes = latest(logged);
    try {
      await this.#hand(changes);
    } catch (error) {
      this.#tell('flush-failed', { error });
      return error ?? new Error('It was rejected.');
    }
    await this.#settle(logged, changes);
    return undefined;
  }

  /** Others leave alone what is held. */
  async #holding<T>(logged: readonly Logged<Value>[], work: () => Promise<T>): Promise<T> {
    for (const { id } of logged) this.#inHand.add(id);
    try {
      return await work();
    } finally {
      for (const { id } of logged) this.#inHand.delete(id);
    }
  }

  async #hand(changes: readonly WriteBehindChange<Value>[]): Promise<void> {
    const { access, flush, flushWithinMs, tally } = this.#options;
    const message = `A flush of '${access.name}' took longer than ${flushWithinMs} ms.`;
    const timeout = () => new RedisError('redis/handler-timeout', message);
    const start = performance.now();
    const listed = changes.map(({ key, value, version }) => ({ key, value, version }));
    await inTime((signal) => flush(listed, { signal }), flushWithinMs, timeout);
    tally.taken += changes.length;
    this.#tell('flushed', { ms: performance.now() - start });
  }

  async #settle(
    logged: readonly Logged<Value>[],
    changes: readonly WriteBehindChange<Value>[],
  ): Promise<void> {
    const { access, lifetimeMs } = this.#options;
    const { log, clock, value } = this.#shard;
    const ids = logged.map(({ id }) => id);
    const ends = changes.flatMap((one) => [String(one.version), String(lifetimeMs(one.value === null))]);
    const keys = [log, clock, ...changes.map(({ key }) => value(key))];
    await access.run(scripts.settle, keys, [group, String(ids.length), ...ids, ...ends]);
    for (const id of ids) this.#failed.delete(id);
  }

  async #read({ id, count, fields }: Delivery): Promise<Logged<Value>> {
    const json = fields.get('value') ?? '';
    const value = json === '' ? null : await this.#options.items.decode(json);
    const key = JSON.parse(fields.get('key') ?? '[]') as string[];
    const version = Number(fields.get('version'));
    return { id, key, value: value ?? null, version, count, isUnreadable: value === undefined };
  }

  #tell(what: string, more: Pick<RedisEvent, 'ms' | 'error'> = {}): void {
    const { services, name } = this.#options.access;
    services.observe({ name, what, ...more });
  }
}

const notReadable = () => new Error('It is not what the schema describes.');

/** The last change of each key. */
function latest<One extends { key: readonly string[]; version: number }>(all: readonly One[]): One[] {
  const byKey = new Map<string, One>();
  for (const one of all) {
    const name = JSON.stringify(one.key);
    const known = byKey.get(name);
    if (known === undefined || known.version < one.version) byKey.set(name, one);
  }
  return [...byKey.values()];
}
