import type { Connection, Credentials } from '../redis/connection.ts';
import type { Journal } from './journal.ts';
import type { Ground, Member } from './types.ts';

/** How far a step has come; `of` is absent where nobody knows. */
export interface Progress {
  readonly text: string;
  readonly done?: number;
  readonly of?: number;
  readonly unit?: 'bytes' | 'keys' | 'slots' | 'nodes';
  /** Bytes that a replica is behind. */
  readonly lagBytes?: number;
}

/** Where the data comes from when no stack of ours holds it. */
export interface Source {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
}

/** The files of the stack during a migration; what they become was decided before it began. */
export interface StackFiles {
  /** The secrets and certificates that only the new stack has. Nothing present is changed. */
  secrets(): Promise<void>;
  /** The configuration of the new stack in `.redis-stack/migrate/next/`. */
  stage(): Promise<void>;
  /** The new stack's files in their places. */
  apply(): Promise<void>;
  /** The old stack's files in their places. */
  restore(): Promise<void>;
}

export interface Context {
  readonly ground: Ground;
  readonly journal: Journal;
  readonly files: StackFiles;
  readonly source: Source | undefined;
  readonly credentials: Credentials;
  /** The password of a user of the stack. */
  readonly password: (user: string) => string;
  /** Seconds to wait for something that should take an instant. */
  readonly timeoutSeconds: number;
  /** Seconds that clients get to move. */
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
  readonly say: (progress: Progress) => void;
  readonly warn: (text: string) => void;
  /** Opens connections for one question or a few. */
  readonly ask: <T>(member: Member, question: (connection: Connection) => Promise<T>) => Promise<T>;
  readonly randomId: () => string;
}

/** One thing that a migration does. Each can be begun again after it was cut short anywhere. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** What it does, for the plan. */
  readonly about: string;
  /** The write pause that it causes, for the plan. */
  readonly pause?: string;
  /** True where there is no way back from the moment it begins. */
  readonly final?: boolean;
  run(ctx: Context): Promise<void>;
  /** Takes back what it did, all of it or the part that was done. */
  undo?(ctx: Context): Promise<void>;
}

/** What a server logs in with as a replica, as words of CONFIG SET. */
export const replicaLogin = ({ password }: Pick<Context, 'password'>): readonly string[] => [
  'masteruser',
  'replication',
  'masterauth',
  password('replication'),
];
