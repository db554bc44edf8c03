import type { StackModel, StackNode } from '../../model/types.ts';
import type { Files } from '../../system.ts';
import type { SecretUser } from '../../workspace/secrets.ts';
import type { RunningStack } from '../running.ts';

/** What the steps of a rotation work with. */
export interface RotateContext {
  readonly files: Files;
  readonly root: string;
  readonly model: StackModel;
  readonly stack: RunningStack;
  readonly onProgress: (text: string) => void;
}

/** A user whose password is being changed. */
export interface Turn {
  readonly user: SecretUser;
  /** The password from now on, then those that are still accepted. */
  readonly passwords: readonly [next: string, ...older: string[]];
  /** True where an earlier run made the new password and was cut off, or had to stop. */
  readonly isResumed: boolean;
}

/** A connection that somebody has to a node. */
export interface Session {
  readonly node: StackNode;
  readonly id: number;
  readonly user: string;
  /** What the client calls itself; may be empty. */
  readonly name: string;
  readonly address: string;
  readonly ageSeconds: number;
  /** True for the link of a replica to this node. */
  readonly isReplica: boolean;
}
