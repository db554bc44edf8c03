import type { Address, StackModel, StackNode } from '../model/types.ts';
import type { Connection } from '../redis/connection.ts';

/** A data node or a Sentinel that takes part in a migration, of the stack as it was or as it is to be. */
export interface Member {
  readonly name: string;
  readonly node: StackNode;
  /** Where this machine reaches it. */
  readonly at: Address;
  /** Where the other servers reach it. */
  readonly inside: Address;
}

export interface StartOptions {
  /** Variables for the start script beside those that the node always gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Puts aside what an earlier node of this name has left; without it the node begins with what is there. */
  readonly fresh?: boolean;
}

/** How the nodes of a migration are run; the same natively and in Compose. Every method may be called again. */
export interface Ground {
  readonly kind: 'native' | 'compose';
  /** The stack as it was, and as it is to be: models with the addresses that servers use among themselves. */
  readonly before: StackModel;
  readonly after: StackModel;
  /** The folder with the configuration of the new stack, as its nodes see it while it is not in its place yet. */
  readonly staged: string;
  /** The file with the stack's own certificate authority, as its nodes see it. */
  readonly authority: string;
  /** A node of either stack by its name; rejects an unknown one. Ports may differ from the model's while both stacks run. */
  member(name: string): Member;
  /** Starts a node of the stack that is to be. Does not wait until it serves. One that runs is left alone. */
  start(name: string, options?: StartOptions): Promise<void>;
  isRunning(name: string): Promise<boolean>;
  /** Ends a node in order, without handing over. Its data stays on disk. One that does not run is left alone. */
  stop(name: string): Promise<void>;
  /** Ends a node and deletes its data: only for one whose data never counted. */
  discard(name: string): Promise<void>;
  /** The last lines that a node wrote. */
  logs(name: string, lines: number): Promise<string>;
  /** Where two servers can change their ports while they run; undefined where they cannot. */
  readonly ports: PortSwap | undefined;
  /** Restarts every node that still runs the old engine, one by one; undefined where `settle` does that. */
  readonly roll: ((say: (text: string) => void) => Promise<void>) | undefined;
  /** After the files of the new stack are in place and the old nodes have gone: nodes run as the files say from now on. */
  settle(say: (text: string) => void): Promise<void>;
}

/**
 * Two running servers change their ports, so that clients of the one find the other. Called in this order; each may be called
 * again after it was cut short.
 */
export interface PortSwap {
  /** Chooses where the first server goes, before anybody waits. */
  prepare(one: string, other: string): Promise<void>;
  /** Finds out where the two are, after a swap that may have been cut short. */
  locate(one: string, other: string): Promise<void>;
  /** The first server leaves its port to the other. The connections lead to the two, and stay. */
  swap(
    one: readonly [name: string, connection: Connection],
    other: readonly [name: string, connection: Connection],
  ): Promise<void>;
}
