/** What happens to one file. */
export type Action = 'create' | 'update' | 'merge' | 'conflict' | 'delete' | 'keep';

export interface Change {
  readonly path: string;
  readonly action: Action;
  /** Why, in words for people. */
  readonly because: string;
  /** The text to write: for create, update and merge; for conflict the proposal. */
  readonly text?: string;
  readonly mode?: number;
  /** What the next run shall take for our last text; absent when that does not move. */
  readonly pristine?: string;
  readonly ownership: 'managed' | 'seed' | 'secret';
}

/** One decision a file, as data; nothing has happened yet. */
export interface Plan {
  readonly changes: readonly Change[];
}

/** A file as it was last written by us. */
export interface PristineFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly ownership: 'managed' | 'seed';
}
