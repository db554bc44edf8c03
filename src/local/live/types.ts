import type { StackModel, StackNode } from '../../model/types.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { Files } from '../../system.ts';
import type { RunningNode } from '../record.ts';
import type { StartContext } from '../start.ts';
import type { Setting } from './differences.ts';

/** What one running node needs to be as its files say. */
export interface NodeWork {
  readonly node: StackNode;
  readonly running: RunningNode;
  /** As it is now, after whatever failovers there were. */
  readonly role: 'primary' | 'replica' | 'sentinel';
  /** By CONFIG SET, or by SENTINEL SET where the node is a Sentinel. */
  readonly settings: readonly Setting[];
  /** Its user file differs: ACL LOAD. */
  readonly users: boolean;
  /** Directives for which it must be restarted. */
  readonly restart: readonly string[];
}

export interface LiveContext {
  readonly files: Files;
  readonly root: string;
  /** The stack as it runs here: loopback addresses and the ports of the running nodes. */
  readonly placed: StackModel;
  readonly credentials: Credentials;
  readonly start: StartContext;
  readonly timeoutSeconds: number;
  readonly onProgress: (text: string) => void;
}
