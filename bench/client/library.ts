/** What a cache asks for a value that it does not have. */
export type Load = () => Promise<unknown>;

/** One server, or the nodes of a cluster, on loopback and without a password. */
export interface Place {
  readonly kind: 'standalone' | 'cluster';
  readonly ports: readonly number[];
}

/** A library as a person who has read its documentation would use it. */
export interface Library {
  readonly name: string;
  /** How it is used here, for the reader of the figures. */
  readonly use: string;
  /** What it is given besides where it is `tuned`. */
  readonly tuning: string;
  /** One more instance, with connections of its own, as another process would have. */
  open(place: Place, how?: Opening): Promise<Instance>;
}

export interface Opening {
  /** With the options that its documentation has for a server that does not answer, in place of its defaults. */
  readonly tuned: boolean;
}

export interface Instance extends Entries {
  /** Entries that share a tag, where the library has such a thing. */
  readonly tagged?: Group;
  /** Entries that can be forgotten all at once. */
  readonly whole: Group;
  delete(key: string): Promise<unknown>;
  deleteMany(keys: readonly string[]): Promise<unknown>;
  /** May wait for ever on a server that does not answer. */
  close(): Promise<unknown>;
}

export interface Entries {
  getOrSet(key: string, load: Load): Promise<unknown>;
}

export interface Group extends Entries {
  invalidate(): Promise<unknown>;
}

/** The one option that every library is given. */
export const ttlMs = 60_000;

/** How long a tuned library waits for an answer: what ours waits by itself. */
export const deadlineMs = 150;

export const tag = 'all';

export const addressesOf = ({ ports }: Place) => ports.map((port) => ({ host: '127.0.0.1', port }));

export const urlsOf = ({ ports }: Place) => ports.map((port) => `redis://127.0.0.1:${port}`);
