import { Deadlines } from './deadlines.js';
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
    const shard = this.#port.shardOf(key);
    if (this.#resting.has(shard)) return Promise.reject(breakerOpen());
    if (this.#inFlight >= this.#maxInFlight) return Promise.reject(overloaded());
    return this.#timed(command).catch((error: unknown) => {
      if (isSilence(error)) this.#rest(shard, key, this.#coolOffMs);
      throw error;
    });
  }

  /** Stops background tries. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#resting.values()) clearTimeout(timer);
  }

  #timed<T>(command: () => Promise<T>): Promise<T> {
    this.#inFlight++;
    return new Promise((resolve, reject) => {
      const keep = this.#deadlines.add(() => reject(deadlineMissed()));
      const settle = (): void => {
        this.#inFlight--;
        keep();
      };
      command().then(resolve, reject).finally(settle);
    });
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
      await this.#timed(() => this.#port.get(key));
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
