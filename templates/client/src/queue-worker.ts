import { randomUUID } from 'node:crypto';
import { RedisError } from './errors.js';
import { inTime, unlessAborted } from './in-time.js';
import type { RedisPort } from './port.js';
import type { HandedOver } from './queue-scripts.js';
import type { QueueStore } from './queue-store.js';
import { type Turn, waitSeconds } from './workers.js';

/** One handing over of an item. */
export interface QueueDelivery {
  /** The same whenever the item is handed over: use it to notice what was done before. */
  readonly id: string;
  /** How often the item was handed over, this time included. */
  readonly count: number;
  /**
   * Aborted when the worker is to stop, with `redis/handler-timeout` after `handleWithinMs`, and with `redis/item-lost` when
   * another worker was given the item: the handler should end soon.
   */
  readonly signal: AbortSignal;
}

export type QueueHandler<Item> = (item: Item, delivery: QueueDelivery) => unknown;

export interface QueueWorkOptions {
  /**
   * How long a handler may take, in milliseconds. After that its signal is aborted, the item counts as failed, and the
   * worker goes on; a handler that does not heed its signal goes on as well.
   *
   * @default no limit
   */
  readonly handleWithinMs?: number;
}

/** Takes one item after the other and has it handled. */
export class QueueWorker<Item> {
  readonly #store: QueueStore<Item>;
  readonly #handle: QueueHandler<Item>;
  readonly #withinMs: number | undefined;
  #holder = randomUUID();

  constructor(store: QueueStore<Item>, handle: QueueHandler<Item>, { handleWithinMs }: QueueWorkOptions) {
    this.#store = store;
    this.#handle = handle;
    this.#withinMs = handleWithinMs;
  }

  async turn(turn: Turn): Promise<void> {
    await this.#store.expectKept();
    // Asked again by the same holder where the answer was lost.
    const { handed, dueInMs } = await this.#store.take(this.#holder, turn.port);
    if (handed === undefined) return this.#wait(turn, dueInMs);
    const holder = this.#holder;
    this.#holder = randomUUID();
    await this.#work(holder, handed, turn);
  }

  /**
   * Until there is an item, or it is time to look again. It is only moved out of the list: whoever asks next gets it, so
   * none is lost with this worker or with the answer. After a stop the waiting ends with the connection.
   */
  async #wait({ port, signal }: Turn, dueInMs = Number.POSITIVE_INFINITY): Promise<void> {
    const waitMs = Math.max(10, Math.min(waitSeconds * 1000, this.#store.rules.silentMs / 4, dueInMs));
    await unlessAborted(this.#store.moved(port, waitMs), signal);
  }

  async #work(holder: string, handed: HandedOver, { port, signal: stop }: Turn): Promise<void> {
    if (stop.aborted) return this.#store.release(holder);
    const ending = new AbortController();
    const onStop = (): void => ending.abort(stop.reason);
    stop.addEventListener('abort', onStop);
    const stopRenewing = this.#keepRenewing(holder, port, ending);
    const start = performance.now();
    try {
      const failure = await this.#attempt(handed, ending);
      const ms = performance.now() - start;
      if (failure === undefined) {
        await this.#settle(stop, () => this.#store.finish(holder, handed));
        this.#store.tell('handled', { ms });
      }
      // Cut short by the stop: that is no failure of the item.
      else if (stop.aborted && !isTimeout(failure.error)) await this.#store.release(holder);
      else await this.#settle(stop, () => this.#store.fail(holder, handed, failure.error));
    } finally {
      stopRenewing();
      stop.removeEventListener('abort', onStop);
    }
  }

  /** Gives what went wrong, where something did. */
  async #attempt(
    { id, json, count }: HandedOver,
    ending: AbortController,
  ): Promise<{ readonly error: unknown } | undefined> {
    const run = async (): Promise<void> => {
      const item = await this.#store.read(json);
      await this.#handle(item, { id, count, signal: ending.signal });
    };
    try {
      await (this.#withinMs === undefined
        ? run()
        : inTime(run, this.#withinMs, () => this.#timeout(), ending));
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #timeout(): RedisError {
    const message = `A handler of '${this.#store.rules.name}' took longer than ${this.#withinMs} ms.`;
    return new RedisError('redis/handler-timeout', message);
  }

  /** Without an answer it goes on asking: the item would otherwise be handled again. */
  async #settle(stop: AbortSignal, settle: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await settle();
      } catch (error) {
        if (stop.aborted || !(error instanceof RedisError) || error.code !== 'redis/deadline') throw error;
      }
    }
  }

  /** Four times within the time that a silent worker is given. */
  #keepRenewing(holder: string, port: RedisPort, ending: AbortController): () => void {
    const renew = async (): Promise<void> => {
      try {
        if (await this.#store.renew(holder, port)) return;
      } catch {
        // What is missed is made up by the next one.
        return;
      }
      clearInterval(timer);
      if (isOver) return;
      this.#store.tell('item-lost');
      const message = `An item of '${this.#store.rules.name}' is in the hands of another worker, or finished by one.`;
      ending.abort(new RedisError('redis/item-lost', message));
    };
    let isOver = false;
    const timer = setInterval(() => void renew(), this.#store.rules.silentMs / 4);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof RedisError && error.code === 'redis/handler-timeout';
