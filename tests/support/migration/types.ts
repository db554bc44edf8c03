import type { Address } from '../../../src/model/types.ts';

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

export type Library = 'ioredis' | 'node-redis';

/** An application with a plain client of a library, told where its servers are as its configuration would. */
export type PlainTarget = { readonly driver: Library; readonly login: Login } & (
  | { readonly kind: 'standalone'; readonly at: Address }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly Address[];
      readonly sentinelLogin: Login;
      readonly primaryName: string;
    }
  | { readonly kind: 'cluster'; readonly seeds: readonly Address[] }
);

/** An application with the client that a stack has emitted. */
export interface EmittedTarget {
  readonly driver: 'emitted';
  /** A module that exports `connectRedis`. */
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
  /** What this client puts before every key by itself. */
  readonly keyPrefix: string;
}

export type Target = PlainTarget | EmittedTarget;

export interface WriterOptions {
  /** Begins every key of this writer, and no other key. */
  readonly keyPrefix: string;
  /** Writes a second that fall due, whether or not earlier ones were answered. */
  readonly rate: number;
  /** Each has one call under way at a time, and keys of its own. */
  readonly workers: number;
}

/** What one worker may expect of its keys; a call that nobody answered leaves both outcomes open and is in `tried` alone. */
export interface Ledger {
  /** Written once: the key, its value, and when it was acknowledged, in ms since the epoch. */
  readonly unique: readonly (readonly [key: string, value: string, at: number])[];
  /** Deleted, and acknowledged as such. */
  readonly deleted: readonly (readonly [key: string, at: number])[];
  /** Written over and over, each time a higher number. */
  readonly hot: readonly (readonly [key: string, acknowledged: number, tried: number])[];
  /** Counted up; `unsure` are calls of which nobody knows whether and how often they took place. */
  readonly counters: readonly (readonly [key: string, acknowledged: number, unsure: number])[];
}

export interface Gap {
  /** When it began, in ms since the epoch. */
  readonly at: number;
  readonly ms: number;
}

export interface Failure {
  readonly text: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What the application has seen; all times in ms. */
export interface Account {
  readonly acknowledged: number;
  /** Calls that were rejected and asked again. */
  readonly failed: number;
  /** Calls that were under way when a connection broke, or were rejected without the word of a server. */
  readonly unsure: number;
  /** Calls that had no answer when time was up. */
  readonly unanswered: number;
  readonly seconds: number;
  /** The longest times without any acknowledged write, longest first. */
  readonly gaps: readonly Gap[];
  /** The write that took longest, from when it fell due; this tells of one shard that stalls while others go on. */
  readonly slowest: Gap;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly failures: readonly Failure[];
}

export interface Progress {
  readonly acknowledged: number;
  readonly failed: number;
}

export interface Written {
  readonly account: Account;
  readonly ledger: Ledger;
}

/** The end of a connection to a server, as far as a client tells. */
export type OnBroken = (error: unknown) => void;

/** One attempt a call, however the library understands that. */
export interface Driver {
  set(key: string, value: string): Promise<unknown>;
  incr(key: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** At once; rejects what waits for an answer. */
  close(): Promise<void> | void;
}
