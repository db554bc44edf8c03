import type { Address } from '../../model/types.ts';
import { place, type Unseen } from '../../redis/ask.ts';
import { type Connection, type Credentials, openConnection, type Words } from '../../redis/connection.ts';
import { expectHarmless } from './commands.ts';
import { refusalOf } from './refusals.ts';

/** A connection over which nothing but harmless questions goes. */
export interface Reader {
  readonly dial: Address;
  /** What would not be said, with the reason. */
  readonly unseen: readonly Unseen[];
  /** How often each command was sent, by the names of INFO commandstats. */
  readonly sent: ReadonlyMap<string, number>;
  /** The reply with texts as strings; undefined after noting why there is none. */
  ask(what: string, ...words: readonly string[]): Promise<unknown>;
  /** The reply, or undefined, of which nobody needs to know. */
  attempt(...words: readonly string[]): Promise<unknown>;
  /** Replies in order: texts as bytes, and an Error where that is the reply. Rejects on a lost connection. */
  batch(commands: readonly Words[]): Promise<readonly unknown[]>;
  note(what: string, why: string, allow?: string): void;
  close(): void;
}

export async function openReader(
  dial: Address,
  credentials: Credentials,
  timeoutMs: number,
): Promise<Reader> {
  const connection = await openConnection(dial, credentials, timeoutMs);
  return readerOf(dial, connection, credentials);
}

function readerOf(dial: Address, connection: Connection, { password }: Credentials): Reader {
  const unseen: Unseen[] = [];
  const sent = new Map<string, number>(password === '' ? [] : [['auth', 1]]);
  let lost: Error | undefined;

  const batch = async (commands: readonly Words[]): Promise<readonly unknown[]> => {
    if (lost) throw lost;
    for (const name of commands.map(expectHarmless)) sent.set(name, (sent.get(name) ?? 0) + 1);
    try {
      return await connection.batch(commands);
    } catch (error) {
      // After a late answer nobody knows which question the next one belongs to.
      lost = error as Error;
      connection.close();
      throw error;
    }
  };
  const one = (words: readonly string[]): Promise<unknown> =>
    batch([words]).then(
      ([reply]) => (reply instanceof Error ? reply : asText(reply)),
      (error: Error) => error,
    );
  const note = (what: string, why: string, allow?: string): void => {
    if (unseen.some((known) => known.what === what)) return;
    unseen.push({ at: place(dial), what, why, ...(allow === undefined ? {} : { allow }) });
  };
  return {
    dial,
    unseen,
    sent,
    batch,
    note,
    close: () => connection.close(),
    async ask(what, ...words) {
      const name = expectHarmless(words);
      const reply = await one(words);
      if (!(reply instanceof Error)) return reply;
      const { why, allow } = refusalOf(reply.message, name);
      note(what, why, allow);
      return undefined;
    },
    async attempt(...words) {
      expectHarmless(words);
      const reply = await one(words);
      return reply instanceof Error ? undefined : reply;
    },
  };
}

/** Bytes anywhere in a reply as text. */
function asText(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(asText) : reply;
}
