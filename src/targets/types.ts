import type { StackModel } from '../model/types.ts';

/**
 * A file of the stack as it should be. `managed` files are regenerated and merged with the user's edits; a `seed` is
 * something to begin with: with the first edit it is the user's, and is never written again.
 */
export interface RenderedFile {
  /** Relative to the stack's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly ownership: 'managed' | 'seed';
  /** Permission bits, such as 0o644. */
  readonly mode: number;
}

/** One kind of output: a pure function from the model to files, and one line in the registry. */
export interface Target {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  /** True when the stack makes no sense without it, so that it is not offered as a choice. */
  readonly always: boolean;
  readonly render: (model: StackModel) => readonly RenderedFile[];
}

export function managed(path: string, text: string, mode = 0o644): RenderedFile {
  return { path, text, ownership: 'managed', mode };
}

export function seed(path: string, text: string, mode = 0o644): RenderedFile {
  return { path, text, ownership: 'seed', mode };
}
