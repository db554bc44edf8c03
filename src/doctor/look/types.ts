import type { Address, StackModel } from '../../model/types.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { MachineFacts } from '../facts.ts';

/** A node of a stack of ours on this machine. */
export interface PlacedNode {
  readonly name: string;
  /** Where this machine reaches it. */
  readonly dial: Address;
  /** Addresses by which its peers may know it, the usual one first. */
  readonly announced: readonly Address[];
}

/** Whom to look at. */
export interface Target {
  /** As the user wrote it: an address, or the folder of a stack. Stands in facts and problems, so without a password. */
  readonly asked: string;
  /** Data nodes, Sentinels or nodes of a cluster; those that they know are found. */
  readonly addresses: readonly Address[];
  /** An empty password for servers that ask for none. */
  readonly credentials: Credentials;
  /** Where Sentinels have others. */
  readonly sentinelCredentials?: Credentials;
  /** Which of the primaries that a Sentinel watches. @default all */
  readonly primaryName?: string;
  readonly model?: StackModel;
  readonly placed?: readonly PlacedNode[];
  readonly machine?: MachineFacts;
}

export interface ExamineOptions {
  /** For one answer, in ms. @default 5000 */
  readonly timeoutMs?: number;
  /** Between the two looks that rates come from, in ms. @default 1000 */
  readonly betweenMs?: number;
  /** Keys to look at, on each primary; 0 for none. @default 10000 */
  readonly keys?: number;
  /** Time for keys, in seconds. @default 10 */
  readonly seconds?: number;
  /** Part of its time that a server may spend on its keys for us. @default 0.01 */
  readonly share?: number;
  /** What happens, for a person who waits. */
  readonly onProgress?: (text: string) => void;
}
