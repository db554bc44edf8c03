import type { StandardSchema } from './schema.js';

export interface StreamDefinition<Item> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. A stream is on one shard of a cluster. */
  readonly name: string;
  /**
   * Checks items when they are added, which rejects with `redis/bad-use`, and when they are read: an entry that it does not
   * accept counts as one whose handler failed, and is left out by `replay`. Items are kept as JSON.
   *
   * @default items are trusted
   */
  readonly schema?: StandardSchema<Item>;
  /**
   * How many entries are kept at least, for `replay` and for groups that begin later. Older ones are removed some at a time
   * as others are added, but none that a group has still to see or to acknowledge: a group that nobody consumes any more
   * keeps everything, until `removeGroup`.
   *
   * @default 10000
   */
  readonly keep?: number;
  /**
   * How many dead entries are kept for each group; the oldest go.
   *
   * @default 10000
   */
  readonly maxDead?: number;
}

export interface StreamConsumeOptions {
  /**
   * Where a group begins that is new: with the oldest entry that is kept, or with the next one that is added. One that the
   * server has lost begins again where its consumers were.
   *
   * @default 'start'
   */
  readonly from?: 'start' | 'now';
  /**
   * How many entries this consumer works on at a time. With 1 they are handled in their order, as far as one consumer sees
   * them all and none fails.
   *
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * How long a consumer may be silent before its entries are given to others, in milliseconds. While handlers run, it says
   * four times in that time that it is alive, so handlers may take longer.
   *
   * @default 30000
   */
  readonly silentMs?: number;
  /**
   * How long a handler may take, in milliseconds. After that its signal is aborted and the entry counts as failed; a handler
   * that does not heed its signal goes on as well.
   *
   * @default Infinity
   */
  readonly handleWithinMs?: number;
  /**
   * How often an entry is handed over before it goes to the dead ones; also when its consumers died rather than failed.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
  /**
   * How long an entry waits after its first failure, in milliseconds; twice as long after each further one, and never
   * longer than `silentMs`.
   *
   * @default 1000
   */
  readonly retryMs?: number;
}

export interface StreamEntry<Item> {
  /** Grows along the stream: milliseconds of the server's clock, and a number. */
  readonly id: string;
  readonly item: Item;
}

/** An entry that a group has given up. */
export interface DeadStreamEntry<Item> {
  /** Names it among the dead ones. */
  readonly id: string;
  /** The id that it had in the stream. */
  readonly entryId: string;
  /** Undefined where it is not what the schema describes. */
  readonly item: Item | undefined;
  /** As it was added. */
  readonly json: string;
  /** The message of the last error. */
  readonly reason: string;
  /** How often it was handed over. */
  readonly deliveries: number;
}

/** How far a group is behind. */
export interface StreamLag {
  /** Entries that no consumer of the group has seen; counted up to 10000 where the server does not know. */
  readonly waiting: number;
  /** Entries that are in hand, or wait for their next try. */
  readonly pending: number;
  /** The age of the oldest entry that is not acknowledged, in milliseconds; 0 where there is none. */
  readonly behindMs: number;
}

export interface StreamReplayOptions {
  /**
   * The first entry: an id, or a moment of the server's clock.
   *
   * @default the oldest that is kept
   */
  readonly from?: string | Date;
  /**
   * The last entry.
   *
   * @default the newest
   */
  readonly to?: string | Date;
}
