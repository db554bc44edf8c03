/** A series of figures, one a minute. */
export interface Series {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: string;
}

export const MINUTES = 30;
/** Counters and windows look back on this much of health before trouble comes. */
export const TROUBLE_AT = 10;

/** The same figure all the time. */
export const steady = (value: number): string => `${value}x${MINUTES}`;

/** One figure until trouble comes, then another. */
export const from = (before: number, after: number): string =>
  `${before}x${TROUBLE_AT - 1} ${after}x${MINUTES - TROUBLE_AT}`;

/** There until trouble comes; then it is gone. */
export const until = (before: number): string => `${before}x${TROUBLE_AT - 1} stale`;

/** Nothing until trouble comes. */
export const since = (after: number): string => `_x${TROUBLE_AT - 1} ${after}x${MINUTES - TROUBLE_AT}`;

/** Grows by a minute a minute. */
export const growing = (start: number): string => `${start}+60x${MINUTES}`;
