import type { Connection } from '../../redis/connection.ts';
import type { Unseen } from './facts.ts';

/** Questions to one node, of which any may be refused. */
export interface Asker {
  /** The reply, or undefined after noting why there is none. Rejects when the connection is lost. */
  ask(what: string, ...words: readonly string[]): Promise<unknown>;
  readonly unseen: readonly Unseen[];
}

/** What servers say when a command exists, is hidden, renamed or not allowed. */
const REFUSED = /^(NOPERM|ERR|NOAUTH|WRONGPASS|DENIED|MISCONF|LOADING|BUSY|MASTERDOWN)/i;

export function asker(connection: Connection, at: string): Asker {
  const unseen: Unseen[] = [];
  return {
    unseen,
    async ask(what, ...words) {
      try {
        return await connection.call(...words);
      } catch (error) {
        const why = (error as Error).message;
        if (!REFUSED.test(why)) throw error;
        if (!unseen.some((one) => one.what === what)) unseen.push({ at, what, why });
        return undefined;
      }
    },
  };
}
