import type { Access } from './access.js';
import type { RedisEvent } from './definition.js';
import { RedisError } from './errors.js';
import type { GroupReader } from './group-reader.js';
import { inTime, unlessAborted } from './in-time.js';
import type { Delivery } from './stream-scripts.js';
import { startWorker, type Turn, type Worker } from './workers.js';

/** One handing over of an entry. */
export interface StreamDelivery {
  /** The same whenever the entry is handed over: use it to notice what was done before. Grows along the stream. */
  readonly id: string;
  /** How often the entry was handed over in this group, this time included, as the server counts. */
  readonly count: number;
  /**
   * Aborted when the consumer is to stop, with `redis/handler-timeout` after `handleWithinMs`, and with `redis/item-lost`
   * when another consumer has the entry by now: the handler should end soon.
   */
  readonly signal: AbortSignal;
}

export type StreamHandler<Item> = (item: Item, delivery: StreamDelivery) => unknown;

export interface StreamConsumerOptions<Item> {
  readonly access: Access;
  readonly reader: GroupReader;
  readonly group: string;
  readonly concurrency: number;
  readonly handleWithinMs: number;
  readonly maxDeliveries: number;
  readonly expectKept: () => Promise<void>;
  readonly decode: (json: string) => Item | undefined | Promise<Item | undefined>;
  readonly handle: StreamHandler<Item>;
}

interface InHand {
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

/** Has a handler called for what a reader reads, for some entries at a time. */
export class StreamConsumer<Item> {
  readonly #options: StreamConsumerOptions<Item>;
  readonly #inHand = new Map<string, InHand>();
  readonly #stopping = new AbortController();
  #stopRenewing = (): void => {};

  constructor(options: StreamConsumerOptions<Item>) {
    this.#options = options;
  }

  start(): Worker {
    const { services, name } = this.#options.access;
    const worker = startWorker(services, name, (turn) => this.#turn(turn));
    let ended: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      ended ??= this.#end(worker);
      return ended;
    };
    services.onClose(stop);
    this.#stopRenewing = this.#options.reader.keepRenewing(
      services.port,
      () => [...this.#inHand.keys()],
      (id) => this.#lose(id),
    );
    return { stop };
  }

  async #end(worker: Worker): Promise<void> {
    this.#stopping.abort();
    for (const { ending } of this.#inHand.values()) ending.abort(this.#stopping.signal.reason);
    await worker.stop();
    await Promise.all([...this.#inHand.values()].map(({ done }) => done));
    this.#stopRenewing();
    await this.#options.reader.leave();
  }

  async #turn({ port, signal }: Turn): Promise<void> {
    const { reader, concurrency, expectKept } = this.#options;
    await expectKept();
    const free = concurrency - this.#inHand.size;
    if (free <= 0) {
      await unlessAborted(Promise.race([...this.#inHand.values()].map(({ done }) => done)), signal);
      return;
    }
    const reading = reader.next(port, free);
    // After a stop nobody waits for it any more; what it would have brought is given back by `leave`.
    reading.catch(() => {});
    for (const delivery of (await unlessAborted(reading, signal)) ?? []) this.#take(delivery);
  }

  #take(delivery: Delivery): void {
    const ending = new AbortController();
    const done = this.#work(delivery, ending)
      // Redis did not take the outcome: the entry is handed over again when this consumer falls silent about it.
      .catch((error: unknown) => this.#tell('worker-failed', { error }))
      .finally(() => {
        // The next try may have begun before the answer to this one's end was heard.
        if (this.#inHand.get(delivery.id) === held) this.#inHand.delete(delivery.id);
      });
    const held = { ending, done };
    this.#inHand.set(delivery.id, held);
  }

  async #work(delivery: Delivery, ending: AbortController): Promise<void> {
    const { reader, group } = this.#options;
    // Given up by another group and tried once more there.
    const addressee = delivery.fields.get('for') ?? group;
    if (addressee !== group) return this.#settle(() => reader.acknowledge(delivery.id));
    const start = performance.now();
    try {
      await this.#handle(delivery, ending);
    } catch (error) {
      return this.#fail(delivery, error);
    }
    this.#tell('handled', { ms: performance.now() - start });
    await this.#settle(() => reader.acknowledge(delivery.id));
  }

  async #handle({ id, count, fields }: Delivery, ending: AbortController): Promise<void> {
    const { access, decode, handle, handleWithinMs } = this.#options;
    const item = await decode(fields.get('item') ?? '');
    // An older process may meet the entries of a newer one: others get a chance before the entry is given up.
    if (item === undefined) throw new Error('It is not what the schema describes.');
    const message = `A handler of '${access.name}' took longer than ${handleWithinMs} ms.`;
    const timeout = () => new RedisError('redis/handler-timeout', message);
    await inTime((signal) => handle(item, { id, count, signal }), handleWithinMs, timeout, ending);
  }

  async #fail({ id, count }: Delivery, error: unknown): Promise<void> {
    const { reader, maxDeliveries } = this.#options;
    // Cut short by the stop: that is no failure of the entry.
    if (this.#stopping.signal.aborted && !isTimeout(error)) return reader.giveBack([id], 0, count - 1);
    this.#tell('handler-failed', { error });
    await this.#settle(async () => {
      if (count >= maxDeliveries) await reader.giveUp(id, error);
      else await reader.giveBack([id], reader.pauseMs(count), count);
    });
  }

  /** Without an answer it goes on asking: the entry would otherwise be handled again. */
  async #settle(settle: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await settle();
      } catch (error) {
        const isUnanswered = error instanceof RedisError && error.code === 'redis/deadline';
        if (this.#stopping.signal.aborted || !isUnanswered) throw error;
      }
    }
  }

  #lose(id: string): void {
    const held = this.#inHand.get(id);
    if (held === undefined) return;
    this.#tell('item-lost');
    const message = `Nothing was heard of this consumer, so another one has the entry of '${this.#options.access.name}'.`;
    held.ending.abort(new RedisError('redis/item-lost', message));
  }

  #tell(what: string, more: Pick<RedisEvent, 'ms' | 'error'> = {}): void {
    const { services, name } = this.#options.access;
    services.observe({ name, what, ...more });
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof RedisError && error.code === 'redis/handler-timeout';
