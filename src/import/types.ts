/** The Bitnami charts whose values are understood. */
export const CHARTS = ['redis', 'redis-cluster', 'valkey', 'valkey-cluster'] as const;
export type Chart = (typeof CHARTS)[number];

/** A mapping of a values file. */
export type Tree = Readonly<Record<string, unknown>>;

/**
 * What became of a key: its value is in the spec; it is as the chart comes, so nothing had to be carried over; it has
 * another place in the stack; it is a secret; the stack cannot do it; nobody knows it; the stack does not need it.
 */
export const VERDICTS = [
  'taken',
  'elsewhere',
  'secret',
  'not-possible',
  'unknown',
  'not-needed',
  'default',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The account of one key. */
export interface Account {
  /** A dotted path; a directive in a text of configuration as `commonConfiguration: maxmemory`. */
  readonly key: string;
  readonly verdict: Verdict;
  /** Spec key and value, or the place where it belongs. */
  readonly to?: string;
  readonly why: string;
  /** Line within a text of configuration, from 1. */
  readonly within?: number;
}

/** An account with where the key stands and, where that gives nothing away, what it says. */
export interface KeyAccount extends Omit<Account, 'within'> {
  /** Line in the file, from 1; undefined where an alias or a merge key brings it in. */
  readonly line: number | undefined;
  readonly value: string | undefined;
}

/** A values file that was read. */
export interface Values {
  readonly tree: Tree;
  /** The file as the user named it, for messages. */
  readonly place: string;
  /** The line of a key, from 1. */
  readonly lineOf: (path: readonly string[]) => number | undefined;
  /** True for a text in a literal block (`|`), whose lines are those of the file. */
  readonly isBlock: (path: readonly string[]) => boolean;
}
