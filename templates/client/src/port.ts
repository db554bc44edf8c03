import type { Script } from './scripts.js';

/** A command and its arguments. */
export type Words = readonly [command: string, ...args: string[]];

/** One channel, every channel that a pattern such as `news.*` fits, or a channel that lives in one shard of a cluster. */
export type ChannelKind = 'channel' | 'pattern' | 'shard';

export type Listener = (message: string, channel: string) => void;

/**
 * All that the rest of this module asks of Redis, so that one file knows the client library.
 * Each method rejects with `RedisError`: `redis/refused` when Redis said no, `redis/unreachable` when it could not be asked.
 */
export interface RedisPort {
  get(key: string): Promise<string | null>;
  /** Values in the order of `keys`, which may live in different slots. */
  mget(keys: readonly string[]): Promise<(string | null)[]>;
  /** Keeps the value for `ttlMs` milliseconds, or for ever without it. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  incr(key: string): Promise<number>;
  /** Deletes keys of one slot in one command and says how many there were. */
  del(keys: readonly string[]): Promise<number>;
  /** Runs a script; all its keys are in one slot. */
  run<Reply>(script: Script<Reply>, keys: readonly string[], args: readonly string[]): Promise<Reply>;
  /** Sends a command to the server that holds `key`, and gives the reply as the server sent it. */
  call(key: string, words: Words): Promise<unknown>;
  /** Sends a command that is about no key to every primary, and gives their replies. */
  callPrimaries(words: Words): Promise<readonly unknown[]>;
  /** Listens to a channel, through reconnections and failovers, until the returned function is called. */
  subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>>;
  /** Resolves when every primary has answered. */
  ping(): Promise<void>;
  /** Names the server that holds a key, so that one failing shard is not held against the others. */
  shardOf(key: string): string;
  /** Lets commands under way finish; can wait for ever on a server that does not answer. */
  close(): Promise<void>;
  /** Drops the connections and rejects commands under way. */
  destroy(): Promise<void>;
}

export interface ConnectOptions {
  /**
   * How long to wait for the first connection, in milliseconds.
   *
   * @default 10000
   */
  readonly connectWithinMs?: number;
  /**
   * Whether to go on without Redis when it is not there at the start: caches call their loaders until it appears.
   *
   * @default false, which rejects with `redis/unreachable`
   */
  readonly startWithout?: boolean;
  /**
   * Told of every connection error, for your log; calls that suffer from one reject on their own.
   *
   * @default ignored
   */
  readonly onError?: (error: Error) => void;
  /**
   * Where `REDIS_VIEW`, `REDIS_ADDRESSES` and the passwords are read.
   *
   * @default process.env
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opens connections to a stack of one kind. */
export type Connect<Stack> = (stack: Stack, options?: ConnectOptions) => Promise<RedisPort>;
