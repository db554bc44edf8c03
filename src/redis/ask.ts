import type { Address } from '../model/types.ts';
import type { Connection } from './connection.ts';

/** Something that a node would not say. */
export interface Unseen {
  /** `host:port`. */
  readonly at: string;
  /** What is unknown for that reason. */
  readonly what: string;
  /** The server's own words. */
  readonly why: string;
  /** The ACL rules that would let this user ask, where that is all that is missing: `+slowlog|get`. */
  readonly allow?: string;
}

/** `host:port` as people write it. */
export const place = ({ host, port }: Address): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

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
