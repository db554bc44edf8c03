import { ErrorReply, RESP_TYPES, RedisClient } from '@redis/client';
import type { Address } from '../model/types.ts';
import { expectCertificate } from './handshake.ts';
import { explainHandshake } from './tls-errors.ts';

/** Where servers speak TLS: whom to believe that they are who they say. PEM texts. */
export interface Trust {
  /** The authority that their certificates must come from. */
  readonly ca: string;
  /** The one certificate that the server must show, whatever its dates: for telling it that there is a newer one. */
  readonly only?: string;
  /** A certificate of the caller's own and its key, for a server that asks for one. */
  readonly own?: { readonly cert: string; readonly key: string };
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly tls?: Trust;
}

/** A command whose words may be any bytes. */
export type Words = readonly (string | Buffer)[];

/** One connection to one server, for questions and orders about the server itself. Replies have RESP2 shapes. */
export interface Connection {
  /** Rejects on an error reply, on a lost connection, and after the deadline. */
  readonly call: (...words: readonly string[]) => Promise<unknown>;
  /**
   * Sends many commands in one go and gives their replies in order: texts as bytes, and an Error where that is the reply.
   * Rejects on a lost connection, and after the deadline.
   */
  readonly batch: (commands: readonly Words[]) => Promise<readonly unknown[]>;
  readonly close: () => void;
}

/** Made once: `createClient` copies all commands of the library into a class for each client, which takes milliseconds. */
let makeClient: ReturnType<typeof RedisClient.factory> | undefined;

/** Connects and logs in within `timeoutMs`, or rejects. Never reconnects: a lost connection is an answer. */
export async function openConnection(
  address: Address,
  { tls, ...login }: Credentials,
  timeoutMs = 2000,
): Promise<Connection> {
  if (tls?.only !== undefined) await expectCertificate(address, tls.only, timeoutMs);
  const options = {
    ...login,
    RESP: 2,
    disableClientInfo: true,
    socket: {
      ...address,
      connectTimeout: timeoutMs,
      reconnectStrategy: false as const,
      // The certificate must come from this authority and be made out to the address that is called.
      ...(tls === undefined
        ? {}
        : { tls: true as const, ca: tls.ca, ...tls.own, rejectUnauthorized: tls.only === undefined }),
    },
  };
  makeClient ??= RedisClient.factory({ RESP: 2 });
  const client = makeClient(options);
  client.on('error', () => {
    // Every failure reaches the caller as a rejection; without a listener it would also end the process.
  });
  try {
    await within(timeoutMs, client.connect());
  } catch (error) {
    client.destroy();
    const said = tls && explainHandshake(error);
    throw said === undefined ? error : new Error(said, { cause: error });
  }
  return {
    call: (...words) => within(timeoutMs, client.sendCommand([...words])),
    batch: (commands) =>
      within(
        timeoutMs,
        Promise.all(commands.map((words) => client.sendCommand([...words], BYTES).catch(errorReply))),
      ),
    close: () => client.destroy(),
  };
}

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } as const;

/** What the server answered is a reply; that it could not answer is not. */
function errorReply(error: unknown): Error {
  if (error instanceof ErrorReply) return error;
  throw error;
}

/** Opens, asks, closes. */
export async function withConnection<T>(
  address: Address,
  credentials: Credentials,
  ask: (connection: Connection) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const connection = await openConnection(address, credentials, timeoutMs);
  try {
    return await ask(connection);
  } finally {
    connection.close();
  }
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
