import type { Address } from '../../model/types.ts';
import type { Credentials } from '../../redis/connection.ts';

/** A server of a cluster. */
export interface ClusterMember {
  /** What CLUSTER MYID says: 40 hexadecimal digits. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** Where this machine reaches it. */
  readonly at: Address;
  /** Where the other servers reach it, and the port of their bus. */
  readonly inside: Address & { readonly busPort: number };
}

/** A cluster, and how to log in everywhere. The user must be allowed everything: it moves keys of all kinds. */
export interface Cluster {
  readonly members: readonly ClusterMember[];
  readonly credentials: Credentials;
}

/** Servers that hold the same slots, one as primary: whichever that is at the moment. */
export interface ShardWish {
  /** Ids of all its servers; a primary that fails is replaced by one of these. */
  readonly ids: readonly string[];
  /** How much it shall hold, compared with the others; 0 takes all slots from it. */
  readonly share: number;
}

/** From first to last, both included. */
export type SlotRange = readonly [first: number, last: number];

/** Slots that go from one node to another, by their ids. */
export interface SlotMove {
  readonly from: string;
  readonly to: string;
  readonly ranges: readonly SlotRange[];
}

export interface Progress {
  /** `heal`: slots that an earlier run left open. `move`: the plan. */
  readonly phase: 'heal' | 'move';
  readonly slots: { readonly done: number; readonly of: number };
  /** What lay in these slots when the phase began; keys written or deleted since make the end differ. */
  readonly keys: { readonly done: number; readonly of: number };
}

/** How slots move: key by key, or whole ranges at once by the servers themselves. */
export type Way = 'by-key' | 'atomic';

export interface MoveResult {
  readonly way: Way;
  readonly slots: number;
  readonly keys: number;
  /** False after an abort: the rest of the plan is still to be done. */
  readonly complete: boolean;
  readonly tookMs: number;
  /** The longest time that one order held up a source, with the key that was the largest in it. By key only. */
  readonly longest: Stall | undefined;
  /** How often an order had to be given again: a node failed over, a copy was interrupted. */
  readonly repeated: number;
}

export interface Stall {
  readonly ms: number;
  /** As text; bytes that are no text are replaced. */
  readonly key: string;
  readonly keyBytes: number;
}
