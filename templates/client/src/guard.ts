import { Deadlines, type Waiting } from './deadlines.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';

export interface GuardOptions {
  /**
   * The longest a cache call waits for Redis, in milliseconds; then the loader answers.
   *
   * @default 150
   */
  readonly deadlineMs?: number;
  /**
   * How long a server that missed a deadline is left alone before it is tried again in the background, in milliseconds;
   * doubles with each failed try up to 4000.
   *
   * @default 250
   */
  readonly coolOffMs?: number;
  /**
   * How many cache calls may wait for Redis at a time; more are answered by the loader at once.
   *
   * @default 2000
   */
  readonly maxInFlight?: number;
}

// Above the socket timeout of 3 s, so that tries do not keep a dead connection looking alive.
const maxCoolOffMs = 4000;

/**
 * Keeps a cache from being slower than no cache. Every call has a deadline; a server that misses one is not asked again
 * until a background read has been answered in time; and calls that nobody waits for any more still count against a
 * bound, so that they cannot pile up.
 */
export class Guard {
  readonly #port: RedisPort;
  readonly #deadlines: Deadlines;
  readonly #coolOffMs: number;
  readonly #maxInFlight: number;
  /** Servers that are left alone, with the timer of the next try. */
  readonly #resting = new Map<string, NodeJS.Timeout | undefined>();
  #inFlight = 0;
  #isStopped = false;

  constructor(port: RedisPort, { deadlineMs = 150, coolOffMs = 250, maxInFlight = 2000 }: GuardOptions = {}) {
    this.#port = port;
    this.#deadlines = new Deadlines(deadlineMs);
    this.#coolOffMs = coolOffMs;
    this.#maxInFlight = maxInFlight;
  }

  /** The servers that are not being asked at the moment. */
  get resting(): readonly string[] {
    return [...this.#resting.keys()];
  }

  /** Runs a command on the server of `key`; rejects with a `RedisError` rather than wait. */
  run<T>(key: string, command: () => Promise<T>): Promise<T> {
    const refusal = this.#refusal(key);
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#ask(key, (onAnswer, onError) => void command().then(onAnswer, onError));
  }

  /**
   * Reads `key` and gives what `use` makes of its text, of `null` where there is none, of `undefined` where Redis did not
   * answer; `use` must not throw. Every read of a cache comes through here, so it makes as few objects as it can.
   */
  get<T>(key: string, use: (text: string | null | undefined) => T | PromiseLike<T>): Promise<T> {
    if (this.#refusal(key) !== undefined) return Promise.resolve(use(undefined));
    return new Promise((resolve) => {
      this.#inFlight++;
      const waiting = this.#deadlines.add(() => {
        this.#failed(key, deadlineMissed());
        resolve(use(undefined));
      });
      this.#port.read(
        key,
        (text) => {
          if (this.#ended(waiting)) resolve(use(text));
        },
        (error) => {
          if (!this.#ended(waiting)) return;
          this.#failed(key, error);
          resolve(use(undefined));
        },
      );
    });
  }

  /** Stops background tries. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#resting.values()) clearTimeout(timer);
  }

  #refusal(key: string): RedisError | undefined {
    // Most of the time nobody rests, and then it does not matter who holds the key.
    if (this.#resting.size > 0 && this.#resting.has(this.#port.shardOf(key))) return breakerOpen();
    return this.#inFlight >= this.#maxInFlight ? overloaded() : undefined;
  }

  #ask<T>(
    key: string,
    ask: (onAnswer: (answer: T) => void, onError: (error: unknown) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const lose = (error: unknown): void => {
        this.#failed(key, error);
        reject(error);
      };
      this.#inFlight++;
      const waiting = this.#deadlines.add(() => lose(deadlineMissed()));
      ask(
        (answer) => {
          if (this.#ended(waiting)) resolve(answer);
        },
        (error) => {
          if (this.#ended(waiting)) lose(error);
        },
      );
    });
  }

  /** Takes word that a call has ended; false if its deadline was missed before. */
  #ended(waiting: Waiting): boolean {
    this.#inFlight--;
    return this.#deadlines.drop(waiting);
  }

  /** Takes word that a call has failed: a server that is silent is left alone for a while. */
  #failed(key: string, error: unknown): void {
    if (isSilence(error)) this.#rest(this.#port.shardOf(key), key, this.#coolOffMs);
  }

  #rest(shard: string, key: string, ms: number): void {
    if (this.#resting.has(shard) || this.#isStopped) return;
    this.#tryLater(shard, key, ms);
  }

  #tryLater(shard: string, key: string, ms: number): void {
    const timer = setTimeout(() => void this.#try(shard, key, ms), ms);
    timer.unref();
    this.#resting.set(shard, timer);
  }

  async #try(shard: string, key: string, ms: number): Promise<void> {
    try {
      await this.#ask<string | null>(key, (onAnswer, onError) => this.#port.read(key, onAnswer, onError));
    } catch (error) {
      if (this.#isStopped) return;
      if (isSilence(error)) return this.#tryLater(shard, key, Math.min(ms * 2, maxCoolOffMs));
    }
    this.#resting.delete(shard);
  }
}

/** Whether an error means that the server did not answer; a refusal is an answer. */
function isSilence(error: unknown): boolean {
  return (
    error instanceof RedisError && (error.code === 'redis/deadline' || error.code === 'redis/unreachable')
  );
}

const deadlineMissed = () => new RedisError('redis/deadline', 'Redis did not answer in time.');
const breakerOpen = () => new RedisError('redis/breaker-open', 'Redis did not answer a moment ago.');
const overloaded = () => new RedisError('redis/overloaded', 'Too many calls are waiting for Redis.');
