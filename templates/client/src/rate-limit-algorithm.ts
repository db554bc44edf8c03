import type { Script } from './scripts.js';

/** What a limit says of one id. */
export interface Count {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly resetMs: number;
}

export interface Allowance {
  readonly limit: number;
  readonly perMs: number;
  readonly burst: number;
}

/** One way to count, on the server and by its clock: one key for each id, one script for each check. */
export interface Algorithm {
  /** The most that can ever pass at once. */
  readonly capacity: number;
  /** Counts the cost if it may pass. */
  readonly check: Script<readonly number[]>;
  /** Says what `check` would say, and counts nothing. */
  readonly peek: Script<readonly number[]>;
  readonly args: (cost: number) => readonly string[];
  readonly read: (reply: readonly number[], cost: number) => Count;
}

// Sums of fractions such as 0.1 + 0.2 come out a little above what was meant; a billionth of the limit is let through.
export const slack = 1 + 1e-9;

export const numbersOf = (reply: unknown): readonly number[] =>
  Array.isArray(reply) ? reply.map(Number) : [Number(reply)];

/** Lua: `now` in microseconds. */
export const readClock = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
`;
