import type { Credentials } from '../../redis/connection.ts';
import type { KeySize, Pace } from './pace.ts';
import type { Reach, Shard } from './shards.ts';
import type { Stall } from './types.ts';

/** A source, a target, and what moving slots from one to the other needs to know. */
export interface Pair extends Reach {
  readonly source: Shard;
  readonly target: Shard;
  /** The rest of the cluster, which is told of changes so that it need not wait for gossip. */
  readonly bystanders: readonly Shard[];
  readonly credentials: Credentials;
  /** Databases of a node: 1 but for releases that have more in a cluster. */
  readonly databases: number;
  readonly nodeTimeoutMs: number;
  /** How long to go on without getting anywhere. */
  readonly patienceMs: number;
  readonly pace: Pace;
  /** Rest after each order, in times of what it took. */
  readonly rest: number;
  readonly tally: Tally;
  readonly signal: AbortSignal | undefined;
}

/** What was done so far, over all pairs. */
export class Tally {
  slots = 0;
  keys = 0;
  repeated = 0;
  longest: Stall | undefined;
  /** When something last went well, in ms of `performance.now()`. */
  lastGood = performance.now();

  /** An order that took keys. */
  noteKeys(group: readonly KeySize[], ms: number): void {
    this.keys += group.length;
    this.lastGood = performance.now();
    if (ms <= (this.longest?.ms ?? 0)) return;
    const largest = group.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    this.longest = { ms, key: String(largest.key), keyBytes: largest.bytes };
  }

  noteSlots(count: number): void {
    this.slots += count;
    this.lastGood = performance.now();
  }
}
