import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Codec, Decoded } from './codec.js';
import { unwrap, wrap } from './envelope.js';
import { RedisError } from './errors.js';
import { type Flight, Flights, type Missing } from './flights.js';
import type { Leases } from './leases.js';
import type { LeaseReply } from './scripts.js';
import { late, within } from './time.js';
import { Turns } from './turns.js';

/** Loads values for ids and gives them in the same order; `null` and `undefined` mean that there is none. */
export type LoadMany<Id, Value> = (
  ids: readonly Id[],
  context: LoadContext,
) => Promise<readonly (Value | null | undefined)[]>;

export interface LoadContext {
  /** Aborted when the load takes longer than `hardTimeoutMs`. */
  readonly signal: AbortSignal;
}

export interface LoadsOptions<Id, Value> {
  readonly codec: Codec<Value>;
  readonly leases: Leases;
  readonly maxLoadMs: number;
  readonly hardTimeoutMs: number;
  readonly maxLoads: number;
  readonly ttlMs: number;
  /** True where values carry what early refresh or tags need. */
  readonly isWrapped: boolean;
  /** The present versions of tags, which get one where they have none. */
  readonly versionsOf: (tags: readonly string[]) => Promise<readonly string[]>;
  /** Reads the copy that outlives the value. */
  readonly readSpare: (missing: Missing<Id>) => Promise<Decoded<Value>>;
  readonly observe: (what: string, ms?: number) => void;
}

/** Counts since the start. */
export interface LoadCounts {
  /** Values that loaders were asked for. */
  loads: number;
  /** Callers that shared a load of this process. */
  coalesced: number;
  /** Loads whose value was not kept, because it was invalidated meanwhile. */
  fenced: number;
  /** Failed loads that were answered with an old value. */
  rescued: number;
}

interface Made {
  readonly tookMs: number;
  readonly versions: readonly string[] | undefined;
}

/** One call of a loader under one lease token. */
interface Batch<Id, Value> {
  readonly token: string;
  readonly load: LoadMany<Id, Value>;
}

/** Loads missing values once: callers in this process share a load, other processes wait for the one with the lease. */
export class Loads<Id, Value> {
  readonly counts: LoadCounts = { loads: 0, coalesced: 0, fenced: 0, rescued: 0 };
  readonly flights = new Flights<Id, Value>();
  readonly #options: LoadsOptions<Id, Value>;
  readonly #turns: Turns;

  constructor(options: LoadsOptions<Id, Value>) {
    this.#options = options;
    this.#turns = new Turns(options.maxLoads);
  }

  /** Gives the values in the order of `missing`; rejects with the loader's own error. */
  async load(missing: readonly Missing<Id>[], load: LoadMany<Id, Value>): Promise<(Value | null)[]> {
    const own: Flight<Id, Value>[] = [];
    const values = missing.map((entry) => {
      const flight = this.flights.find(entry.keys);
      if (flight !== undefined) return this.#join(flight, load);
      const started = this.flights.start(entry);
      own.push(started);
      return started.landed.then((landed) => landed.value);
    });
    if (own.length > 0) this.#fly(own, load).catch((error: unknown) => failAll(own, error));
    return Promise.all(values);
  }

  async #join(flight: Flight<Id, Value>, load: LoadMany<Id, Value>): Promise<Value | null> {
    this.counts.coalesced++;
    const landed = await flight.landed;
    if (landed.isCurrent) return landed.value;
    // Any load found now began after this caller asked, so its value is new enough, fenced or not.
    const next = this.flights.find(flight.missing.keys);
    if (next !== undefined) return (await next.landed).value;
    const [value = null] = await this.load([flight.missing], load);
    return value;
  }

  async #fly(flights: readonly Flight<Id, Value>[], load: LoadMany<Id, Value>): Promise<void> {
    const batch = { token: randomUUID(), load };
    const replies = await Promise.all(flights.map((flight) => this.#acquire(flight, batch)));
    const held = flights.filter((_, index) => replies[index]?.kind === 'held');
    await Promise.all([
      this.#land(flights, replies, batch),
      ...held.map((flight) => this.#awaitOther(flight, batch)),
    ]);
  }

  /** Asks for the lease; without Redis there is none to ask for, and the load goes ahead. */
  #acquire({ missing }: Flight<Id, Value>, { token }: Batch<Id, Value>): Promise<LeaseReply> {
    const reply = this.#options.leases.acquire(missing.keys, token, missing.unreadable);
    return reply.catch(() => ({ kind: 'granted' }));
  }

  /** Lands flights whose value has turned up meanwhile, and loads those that are granted. */
  async #land(
    flights: readonly Flight<Id, Value>[],
    replies: readonly LeaseReply[],
    batch: Batch<Id, Value>,
  ): Promise<void> {
    const ours: Flight<Id, Value>[] = [];
    for (const [index, flight] of flights.entries()) {
      const reply = replies[index];
      if (reply === undefined || reply.kind === 'held') continue;
      const found = reply.kind === 'found' ? await this.#found(flight, reply.text) : undefined;
      if (found === undefined) ours.push(flight);
      else flight.land({ value: found.value, isCurrent: true });
    }
    await this.#loadAndFill(ours, batch);
  }

  /** What another process has filled in meanwhile; with tags it counts only if they are as they are now. */
  async #found({ missing }: Flight<Id, Value>, text: string): Promise<Decoded<Value>> {
    const { json, envelope } = unwrap(text);
    const versions = await this.#versionsOf(missing.tags);
    const isValid = missing.tags.every((_, i) => envelope?.versions[i] === versions?.[i]);
    return isValid ? this.#options.codec.decode(json) : undefined;
  }

  /** Waits for the value that another process loads; when that fails or takes too long, loads here. */
  async #awaitOther(flight: Flight<Id, Value>, batch: Batch<Id, Value>): Promise<void> {
    const end = performance.now() + this.#options.maxLoadMs;
    for (let pauseMs = 10; performance.now() < end; pauseMs = Math.min(pauseMs * 1.5, 200)) {
      await sleep(pauseMs * (0.5 + Math.random() / 2));
      const reply = await this.#acquire(flight, batch);
      if (reply.kind !== 'held') return this.#land([flight], [reply], batch);
    }
    await this.#loadAndFill([flight], batch);
  }

  async #loadAndFill(flights: readonly Flight<Id, Value>[], batch: Batch<Id, Value>): Promise<void> {
    if (flights.length === 0) return;
    this.counts.loads += flights.length;
    const entries = flights.map(({ missing }) => missing);
    const stop = this.#options.leases.keep(
      entries.map(({ keys }) => keys),
      batch.token,
    );
    try {
      // Before the load: an invalidation during it leaves these behind, and the value with them.
      const versions = await Promise.all(entries.map(({ tags }) => this.#versionsOf(tags)));
      const start = performance.now();
      const values = await this.#turns.run(() => this.#loadInTime(entries, batch));
      const tookMs = Math.round(performance.now() - start);
      this.#options.observe('load', tookMs);
      checkCount(values, flights.length);
      await Promise.all(
        flights.map((flight, index) =>
          this.#fill(flight, batch, values[index] ?? null, { tookMs, versions: versions[index] }),
        ),
      );
    } catch (error) {
      await Promise.all(flights.map((flight) => this.#rescue(flight, batch, error)));
    } finally {
      stop();
    }
  }

  /** Without Redis there are no versions, and nothing that could be kept under them. */
  async #versionsOf(tags: readonly string[]): Promise<readonly string[] | undefined> {
    return tags.length === 0 ? [] : this.#options.versionsOf(tags).catch(() => undefined);
  }

  async #loadInTime(entries: readonly Missing<Id>[], { load }: Batch<Id, Value>) {
    const { hardTimeoutMs } = this.#options;
    const aborting = new AbortController();
    const loading = load(
      entries.map(({ id }) => id),
      { signal: aborting.signal },
    );
    if (hardTimeoutMs === Number.POSITIVE_INFINITY) return loading;
    const values = await within(loading, hardTimeoutMs);
    if (values !== late) return values;
    const error = new RedisError('redis/load-timeout', `The loader took longer than ${hardTimeoutMs} ms.`);
    aborting.abort(error);
    throw error;
  }

  async #fill(
    flight: Flight<Id, Value>,
    { token }: Batch<Id, Value>,
    value: Value | null,
    made: Made,
  ): Promise<void> {
    const { codec, leases, isWrapped, ttlMs } = this.#options;
    const { tookMs, versions } = made;
    const json = codec.encode(value);
    const isMisfit = !(await codec.fits(json));
    if (isMisfit) this.#options.observe('misfit');
    // What could not be read back, or cannot be told from an invalidated value, is given and not kept.
    if (isMisfit || versions === undefined) {
      await leases.release(flight.missing.keys, token);
      return flight.land({ value, isCurrent: true });
    }
    const text = isWrapped ? wrap(json, { madeMs: Date.now(), tookMs, ttlMs, versions }) : json;
    const filled = leases.fill(flight.missing.keys, token, text, value === null);
    // Without an answer nobody can tell; the callers of this process share the value as they do without Redis.
    const isCurrent = await filled.catch(() => true);
    if (!isCurrent) this.#fenced();
    flight.land({ value, isCurrent });
  }

  async #rescue(flight: Flight<Id, Value>, { token }: Batch<Id, Value>, error: unknown): Promise<void> {
    const { leases, readSpare } = this.#options;
    const { missing } = flight;
    const [spare] = await Promise.all([readSpare(missing), leases.release(missing.keys, token)]);
    if (spare === undefined) return flight.fail(error);
    this.counts.rescued++;
    this.#options.observe('rescued');
    flight.land({ value: spare.value, isCurrent: true });
  }

  #fenced(): void {
    this.counts.fenced++;
    this.#options.observe('fenced');
  }
}

function failAll<Id, Value>(flights: readonly Flight<Id, Value>[], error: unknown): void {
  for (const flight of flights) flight.fail(error);
}

function checkCount(values: readonly unknown[], count: number): void {
  if (Array.isArray(values) && values.length === count) return;
  throw new RedisError(
    'redis/bad-use',
    `A loader that was given ${count} ids must give as many values, in their order.`,
  );
}
