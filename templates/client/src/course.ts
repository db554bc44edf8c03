import { setTimeout as sleep } from 'node:timers/promises';
import type { Reach } from './connector.js';
import type { Address, StackDescription } from './description.js';
import type { Environment } from './environment.js';
import { createPort, type Link } from './link.js';
import { notePasswords } from './password-file.js';
import type { RedisPort } from './port.js';
import { backoffMs } from './retry.js';

/** A port, and word of when it is connected for the first time. */
export interface Begun {
  readonly port: RedisPort;
  readonly connected: Promise<void>;
  /** Drops the connections; what waits on them is rejected with `redis/unreachable`, as what may be asked again. */
  readonly drop: () => Promise<void>;
  /** Whether connections that begin now would log in with another password. */
  readonly isOutdated: () => boolean;
}

/** Who hears of what happens to connections. */
export interface Hearing {
  /** Told of every connection error. */
  readonly tell: (error: Error) => void;
  /** Told of calls that fail as they do where another server has taken over. */
  readonly onTrouble: () => void;
}

/** Keeps the last error of connections that nobody uses yet, and passes everything on as soon as somebody does. */
export class Reserve implements Hearing {
  isInUse = false;
  lastError: unknown;
  readonly #hearing: Hearing;

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
  }

  /** Begins to connect; throws as `course.begin`. */
  begin(course: Course): Begun {
    try {
      return course.begin(this);
    } catch (error) {
      this.lastError = error;
      throw error;
    }
  }

  readonly tell = (error: Error): void => {
    this.lastError = error;
    if (this.isInUse) this.#hearing.tell(error);
  };

  readonly onTrouble = (): void => {
    if (this.isInUse) this.#hearing.onTrouble();
  };
}

/** A description of the stack, and connections by it. */
export interface Course {
  readonly stack: StackDescription;
  readonly addresses: readonly Address[];
  /** Begins to connect, and tries until it succeeds or is dropped; throws `redis/bad-environment`. */
  begin(hearing: Hearing): Begun;
}

export function courseOf(
  stack: StackDescription,
  { addresses, createLink }: Reach,
  env: Environment,
): Course {
  const begin = ({ tell, onTrouble }: Hearing): Begun => {
    // Before they are read: what changes in between is only looked at twice.
    const isOutdated = notePasswords(env);
    const link = createLink();
    const lifetime = new AbortController();
    const note = (error: unknown): void => {
      if (lifetime.signal.aborted) return;
      tell(error instanceof Error ? error : new Error(String(error)));
      onTrouble();
    };
    // Without a listener an 'error' event ends the process.
    link.onError(note);
    const port = createPort(link, { lifetime, stack, onTrouble });
    const drop = async (): Promise<void> => {
      lifetime.abort();
      await link.destroy();
    };
    return { port, connected: keepConnecting(link, note, lifetime.signal), drop, isOutdated };
  };
  return { stack, addresses, begin };
}

async function keepConnecting(
  link: Link,
  note: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await link.connect();
      // Dropped while it was on its way: what it has opened since would stay open.
      if (signal.aborted) await link.destroy();
      return;
    } catch (error) {
      note(error);
      await sleep(backoffMs(attempt));
    }
  }
}
