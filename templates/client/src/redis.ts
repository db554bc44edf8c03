import { Cache } from './cache-aside.js';
import type { StackDescription } from './description.js';
import { Direct } from './direct.js';
import { RedisError } from './errors.js';
import { Guard, type GuardOptions } from './guard.js';
import type { CacheKeyspace } from './keyspace.js';
import type { Connect, ConnectOptions, RedisPort } from './port.js';
import { late, within } from './time.js';

export interface RedisOptions extends ConnectOptions, GuardOptions {
  /**
   * How long `invalidate`, `set` and direct commands go on trying through a restart or a failover, in milliseconds.
   * Longer than a cluster takes to notice a lost primary, to vote, and to tell its clients.
   *
   * @default 20000
   */
  readonly writeWithinMs?: number;
}

export interface CloseOptions {
  /**
   * How long loads and commands under way may take to end, in milliseconds; then they are dropped.
   *
   * @default 5000
   */
  readonly drainMs?: number;
}

/** A connection to the stack, with the patterns that run on it. */
export class Redis {
  /** Plain keys outside of any cache. */
  readonly direct: Direct;
  readonly #port: RedisPort;
  readonly #guard: Guard;
  readonly #keyPrefix: string;
  readonly #writeWithinMs: number;
  #closing: Promise<void> | undefined;
  readonly #caches: { settled(): Promise<void> }[] = [];

  constructor(port: RedisPort, keyPrefix: string, options: RedisOptions = {}) {
    this.#port = port;
    this.#guard = new Guard(port, options);
    this.#keyPrefix = keyPrefix;
    this.#writeWithinMs = options.writeWithinMs ?? 20_000;
    this.direct = new Direct(port, keyPrefix, this.#writeWithinMs);
  }

  /** Makes the cache of a keyspace; make one for each keyspace and keep it, since its callers share loads. */
  cache<Id, Value>(keyspace: CacheKeyspace<Id, Value>): Cache<Id, Value> {
    const cache = new Cache(keyspace, {
      port: this.#port,
      guard: this.#guard,
      keyPrefix: this.#keyPrefix,
      writeWithinMs: this.#writeWithinMs,
    });
    this.#caches.push(cache);
    return cache;
  }

  /** Resolves when every primary has answered; rejects with `redis/deadline` after `withinMs` milliseconds. */
  async ping(withinMs = 1000): Promise<void> {
    if ((await within(this.#port.ping(), withinMs)) !== late) return;
    throw new RedisError('redis/deadline', `Redis did not answer within ${withinMs} ms.`);
  }

  /** The servers that caches leave alone for the moment because they did not answer; empty in good times. */
  resting(): readonly string[] {
    return this.#guard.resting;
  }

  /** Lets what is under way end, then closes; never takes much longer than `drainMs`, whatever Redis does. */
  close({ drainMs = 5000 }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#guard.stop();
    await within(this.#drain(), drainMs);
    // A client whose connection attempt hangs finishes in its own time.
    await within(this.#port.destroy(), 1000);
  }

  async #drain(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.settled()));
    await this.#port.close();
  }
}

/** Connects to a stack; rejects with `redis/bad-environment` or, after `connectWithinMs`, with `redis/unreachable`. */
export async function openRedis<const Stack extends StackDescription>(
  connect: Connect<Stack>,
  stack: Stack,
  options: RedisOptions = {},
): Promise<Redis> {
  return new Redis(await connect(stack, options), stack.keyPrefix, options);
}
