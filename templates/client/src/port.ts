import type { Address, StackDescription } from './description.js';
import type { RedisError } from './errors.js';
import type { Script } from './scripts.js';

/** A command and its arguments. */
export type Words = readonly [command: string, ...args: string[]];

/** One channel, every channel that a pattern such as `news.*` fits, or a channel that lives in one shard of a cluster. */
export type ChannelKind = 'channel' | 'pattern' | 'shard';

export type Listener = (message: string, channel: string) => void;

export interface TrackListener {
  /** A key with the prefix was written, deleted, evicted or has expired. */
  readonly onWrite: (key: string) => void;
  /** Writes before this moment may have gone unheard; from now on each is heard. */
  readonly onReady: () => void;
  /** Writes may go unheard until `onReady` is called again. */
  readonly onGap: () => void;
}

/** Hears of every write below a prefix on one server. */
export interface Tracking {
  /** Resolves when the server has answered on the very connection that it announces writes on. */
  ping(): Promise<unknown>;
  stop(): void;
}

/**
 * All that the rest of this module asks of Redis, so that one file for each client library knows that library.
 * Each method that asks rejects with `RedisError`: `redis/refused` when Redis said no, `redis/unreachable` when it could not
 * be asked, `redis/overloaded` when too many commands wait already, `redis/closed` after `close` or `destroy`.
 */
export interface RedisPort {
  /** Reads a key for callbacks: every hit of a cache comes through here, and is spared a promise. */
  read(key: string, onText: (text: string | null) => void, onError: (error: RedisError) => void): void;
  get(key: string): Promise<string | null>;
  /** Values in the order of `keys`, which may live in different slots of one server. */
  mget(keys: readonly string[]): Promise<(string | null)[]>;
  /** Runs a script; all its keys are in one slot. */
  run<Reply>(script: Script<Reply>, keys: readonly string[], args: readonly string[]): Promise<Reply>;
  /** Sends a command to the server that holds `key`, and gives the reply as the server sent it. */
  call(key: string, words: Words): Promise<unknown>;
  /** Sends a command that is about no key to every primary, and gives their replies. */
  callPrimaries(words: Words): Promise<readonly unknown[]>;
  /** Listens to a channel, through reconnections and failovers, until the returned function is called. */
  subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>>;
  /** The primaries as far as they are known now, as they can be reached from here. */
  primaries(): readonly Address[];
  /** Hears, on a connection of its own, of every write to keys with a prefix on one server. */
  track(at: Address, prefix: string, listener: TrackListener): Tracking;
  /** The stack that its connections lead to. */
  stack(): StackDescription;
  /** Names the server that holds a key, so that one failing shard is not held against the others. */
  shardOf(key: string): string;
  /** Lets commands under way finish; can wait for ever on a server that does not answer. */
  close(): Promise<void>;
  /** Drops the connections and rejects commands under way. */
  destroy(): Promise<void>;
}

/** What `connect` gives. Once the stack has moved, `stack()` is the one that it has moved to. */
export interface StackPort extends RedisPort {
  /** Opens more connections to the same stack, with the same options but for these. */
  another(options?: ConnectOptions): Promise<StackPort>;
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
   * Where `REDIS_VIEW`, `REDIS_ADDRESSES`, `REDIS_USER`, `REDIS_TLS` and the passwords are read.
   *
   * @default process.env
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * How long a primary may be silent before the connections are made anew, in milliseconds: a frozen one closes none of
   * them, and client libraries then wait for ever.
   *
   * @default 2000
   */
  readonly silentAfterMs?: number;
  /**
   * Told when the connections have moved to where the stack says that it is now.
   *
   * @default ignored
   */
  readonly onMove?: (stack: StackDescription) => void;
}

/** Opens connections to a stack of one kind. */
export type Connect<Stack> = (stack: Stack, options?: ConnectOptions) => Promise<StackPort>;
