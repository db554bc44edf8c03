import type { Problem } from '../problem.ts';

/** What happens to one file. */
export type Action = 'create' | 'update' | 'merge' | 'conflict' | 'delete' | 'keep';

/** Why, as a word for programs; `because` says it for people. */
export type Reason =
  | 'new'
  | 'restored'
  | 'unchanged'
  | 'follows'
  | 'permissions'
  | 'edited'
  | 'merged'
  | 'settled'
  | 'clash'
  | 'foreign'
  | 'guarded'
  | 'deleted'
  | 'retired'
  | 'seed'
  | 'secret';

export interface Change {
  readonly path: string;
  readonly action: Action;
  readonly reason: Reason;
  /** Why, in words for people. */
  readonly because: string;
  /** What stands on the disk, where something does. */
  readonly current?: string;
  /** The text to write: for create, update and merge; for conflict the proposal. */
  readonly text?: string;
  /** Permission bits to write with: the user's own where they were changed. */
  readonly mode?: number;
  /** What the next run shall take for our last text and its permission bits; absent when that does not move. */
  readonly pristine?: string;
  readonly pristineMode?: number;
  readonly ownership: 'managed' | 'seed' | 'secret';
}

/** One decision a file, as data; nothing has happened yet. */
export interface Plan {
  readonly changes: readonly Change[];
  /** What is wrong with our own records; then nothing may be applied unless they are rebuilt. */
  readonly damage: readonly Problem[];
  /** True when our records would change, even where no file does. */
  readonly recordsMove: boolean;
}

/** A file as it was last written by us. */
export interface PristineFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly ownership: 'managed' | 'seed';
}

/** Why a path may be read but must not be written over. */
export type Guard = 'link' | 'linked-folder' | 'read-only' | 'not-text' | 'not-a-file';

/** What stands on the disk at a path. */
export interface CurrentFile {
  readonly text: string;
  readonly mode: number;
  readonly guard?: Guard;
}

/** How the user wants clashes settled: the side to take at a path, or undefined to be asked. */
export interface Choices {
  readonly settle: (path: string) => 'yours' | 'generated' | undefined;
  /** Files that the user deleted and wants back. */
  readonly restore: ReadonlySet<string>;
}

export const NO_CHOICES: Choices = { settle: () => undefined, restore: new Set() };
