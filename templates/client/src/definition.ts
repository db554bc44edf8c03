import type { Guard } from './guard.js';
import type { RedisPort } from './port.js';

/** Told of what happens, for metrics and traces; it must not throw. */
export type Observe = (event: RedisEvent) => void;

export interface RedisEvent {
  /** The name of the keyspace, such as `user`. */
  readonly name: string;
  /** What happened, such as `hit`, `miss`, `stale`, `load`, `fenced`, `unanswered`, `refused`, `dead-letter`. */
  readonly what: string;
  /** How long it took, in milliseconds, where that is of interest. */
  readonly ms?: number;
  /** What went wrong, where something did. */
  readonly error?: unknown;
}

/** What a definition works with once it is opened on a connection. */
export interface Services {
  readonly port: RedisPort;
  readonly guard: Guard;
  readonly keyPrefix: string;
  readonly writeWithinMs: number;
  readonly observe: Observe;
  /** False where nobody observes, so that what happens at every read need not be put into words. */
  readonly isObserved: boolean;
  /** Opens a connection of its own, for commands that wait on the server; it is closed with the rest. */
  readonly connectOwn: () => Promise<RedisPort>;
  /** Has something ended by `close()`, before the connections close. */
  readonly onClose: (end: () => Promise<void>) => void;
}

/** `lasting` keys have no lifetime, so that `volatile-*` policies leave them alone; `expiring` keys have one. */
export type Stay = 'lasting' | 'expiring';

/** Something that can be used on a connection: a cache, a queue, a limit. Made once, opened on every connection. */
export interface Definition<Opened> {
  /** Part of every key, such as `user`; one name is used by one definition. */
  readonly name: string;
  /**
   * What must not be dropped by a server that is full: keys without a lifetime, or also those that have one. `redis.open`
   * refuses a server that may.
   */
  readonly mustStay?: Stay;
  /** Called by `redis.use`. */
  readonly open: (services: Services) => Opened;
}

/** What `redis.open` gives for a set of definitions. */
export type Opened<Definitions> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends Definition<infer Use> ? Use : never;
};
