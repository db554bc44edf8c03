import { randomUUID } from 'node:crypto';
import type { Definition, Services } from './definition.js';
import { badUse, checkMs, checkName } from './names.js';
import { integerText } from './numbers.js';
import * as scripts from './queue-scripts.js';
import { type QueueRules, QueueStore, Unreadable } from './queue-store.js';
import { type QueueHandler, QueueWorker, type QueueWorkOptions } from './queue-worker.js';
import type { StandardSchema } from './schema.js';
import type { Script } from './scripts.js';
import { startWorker, type Worker } from './workers.js';

export type { QueueDelivery, QueueHandler, QueueWorkOptions } from './queue-worker.js';
export type { Worker } from './workers.js';

export interface QueueDefinition<Item> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. All keys of a queue are on one shard of a cluster. */
  readonly name: string;
  /** Checks items when they are taken; what it does not accept goes to the dead ones at once. */
  readonly schema?: StandardSchema<Item>;
  /**
   * How long a worker may be silent before its item is given to another one, in milliseconds. While a handler runs, its
   * worker says four times in that time that it is alive, so handlers may take longer. At
   * least 100.
   *
   * @default 30000
   */
  readonly silentMs?: number;
  /**
   * How often an item is handed over before it goes to the dead ones.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
  /**
   * How long an item waits after its first failure, in milliseconds; twice as long after each further one.
   *
   * @default 1000
   */
  readonly retryMs?: number;
  /**
   * How many dead items are kept; the oldest go.
   *
   * @default 10000
   */
  readonly maxDead?: number;
}

export interface QueueSizes {
  readonly waiting: number;
  /** In the hands of workers. */
  readonly taken: number;
  /** Pushed for later, or failed and waiting for the next try. */
  readonly later: number;
  readonly dead: number;
}

/** An item that was given up. */
export interface DeadItem<Item> {
  readonly id: string;
  /** Undefined where it is not what the schema describes. */
  readonly item: Item | undefined;
  /** As it was pushed. */
  readonly json: string;
  /** The message of the last error, or that its worker fell silent. */
  readonly reason: string;
  /** How often it was handed over. */
  readonly deliveries: number;
  /** By the server's clock. */
  readonly at: Date;
}

/** First in, first out, also later, with workers that lose nothing when they die; throws `redis/bad-use`. */
export function queue<Item>(definition: QueueDefinition<Item>): Definition<Queue<Item>> {
  const rules = complete(definition);
  return { name: rules.name, mustStay: 'lasting', open: (services) => new Queue(services, rules) };
}

function complete<Item>(definition: QueueDefinition<Item>): QueueRules<Item> {
  const { name, schema, silentMs = 30_000, retryMs = 1000, maxDeliveries = 5, maxDead = 10_000 } = definition;
  checkName(name);
  checkMs(name, 'silentMs', silentMs);
  if (silentMs < 100)
    throw badUse(`'${name}' has silentMs ${silentMs}: a network takes as long. Is it in seconds?`);
  checkMs(name, 'retryMs', retryMs);
  integerText(name, 'maxDeliveries', maxDeliveries, 1);
  integerText(name, 'maxDead', maxDead, 1);
  return { name, schema, silentMs, retryMs, maxDeliveries, maxDead };
}

/** How many items one script adds: the server does nothing else in the meantime. */
const chunk = 500;

/**
 * At least once: an item is kept until its handler has resolved. It is handed over again when that rejected, when its worker
 * died, and when its worker was silent for too long, in which case two may work on it at a time. How safe an item is that
 * was pushed follows from the replication and the persistence of the stack.
 */
export class Queue<Item> {
  readonly #store: QueueStore<Item>;
  readonly #services: Services;

  constructor(services: Services, rules: QueueRules<Item>) {
    this.#services = services;
    this.#store = new QueueStore(services, rules);
  }

  /**
   * Adds items behind those that wait, and gives their ids. Repeats itself through an outage without adding twice; rejects
   * with `redis/deadline` after `writeWithinMs`, and then some may have been added.
   */
  async push(...items: readonly Item[]): Promise<string[]> {
    const entries = items.map((item) => [randomUUID(), this.#store.items.encode(item)] as const);
    await this.#store.expectKept();
    for (let start = 0; start < entries.length; start += chunk)
      await this.#store.run(scripts.push, ...entries.slice(start, start + chunk).flat());
    return entries.map(([id]) => id);
  }

  /**
   * Adds an item behind those that will wait `inMs` milliseconds from now, by the server's clock, and gives its id; a worker
   * without anything else to do finds it within a second of then. Rejects like `push`.
   */
  async pushLater(item: Item, inMs: number): Promise<string> {
    checkMs(this.#store.rules.name, 'inMs', inMs);
    const [id, json] = [randomUUID(), this.#store.items.encode(item)];
    await this.#store.expectKept();
    await this.#store.run(scripts.pushLater, id, json, inMs);
    return id;
  }

  /**
   * Takes the oldest item out of the queue, `null` where none waits: from then on it is only in the hands of the caller. An
   * item whose answer was lost comes back.
   */
  async pop(): Promise<Item | null> {
    await this.#store.expectKept();
    for (;;) {
      const holder = randomUUID();
      const { handed } = await this.#store.take(holder);
      if (handed === undefined) return null;
      try {
        const item = await this.#store.read(handed.json);
        await this.#store.finish(holder, handed);
        return item;
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        await this.#store.fail(holder, handed, error);
      }
    }
  }

  /**
   * Has `handle` called for each item, one after the other, until the worker is stopped or the connection closes; start
   * several for more at a time. A stop aborts the signal of the handler: what it rejects with then does not count as a
   * failure, and the item is taken next.
   */
  work(handle: QueueHandler<Item>, options: QueueWorkOptions = {}): Worker {
    const { name } = this.#store.rules;
    if (options.handleWithinMs !== undefined) checkMs(name, 'handleWithinMs', options.handleWithinMs);
    const worker = new QueueWorker(this.#store, handle, options);
    return startWorker(this.#services, name, (turn) => worker.turn(turn));
  }

  async sizes(): Promise<QueueSizes> {
    const [waiting = 0, taken = 0, later = 0, dead = 0] = await this.#store.run(scripts.sizes);
    return { waiting, taken, later, dead };
  }

  /** The items that were given up, the latest first: `count` of them after the first `skip`. */
  async dead({ skip = 0, count = 100 }: { skip?: number; count?: number } = {}): Promise<DeadItem<Item>[]> {
    const { name } = this.#store.rules;
    const range = [integerText(name, 'skip', skip, 0), integerText(name, 'count', count, 1)];
    const rows = await this.#store.run(scripts.listDead, ...range);
    return Promise.all(
      rows.map(async ({ id, json, reason, count: deliveries, at }) => {
        const item = await this.#store.items.decode(json);
        return { id, item, json, reason, deliveries, at: new Date(at) };
      }),
    );
  }

  /** Puts dead items behind those that wait, as if they had never been tried, and says how many there were. */
  replay(ids: readonly string[] | 'all'): Promise<number> {
    return this.#eachDead(scripts.replay, ids);
  }

  /** Deletes dead items for good and says how many there were. */
  discard(ids: readonly string[] | 'all'): Promise<number> {
    return this.#eachDead(scripts.discard, ids);
  }

  async #eachDead(script: Script<number>, asked: readonly string[] | 'all'): Promise<number> {
    // Those that die again meanwhile are not meant.
    const ids = asked === 'all' ? await this.#store.run(scripts.deadIds) : asked;
    let count = 0;
    for (let start = 0; start < ids.length; start += chunk)
      count += await this.#store.run(script, ...ids.slice(start, start + chunk));
    return count;
  }
}
