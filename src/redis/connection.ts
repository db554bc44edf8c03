import { createClient } from '@redis/client';
import type { Address } from '../model/types.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One connection to one server, for questions and orders about the server itself. Replies have RESP2 shapes. */
export interface Connection {
  /** Rejects on an error reply, on a lost connection, and after the deadline. */
  readonly call: (...words: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

/** Connects and logs in within `timeoutMs`, or rejects. Never reconnects: a lost connection is an answer. */
export async function openConnection(
  address: Address,
  credentials: Credentials,
  timeoutMs = 2000,
): Promise<Connection> {
  const client = createClient({
    ...credentials,
    RESP: 2,
    disableClientInfo: true,
    socket: { ...address, connectTimeout: timeoutMs, reconnectStrategy: false },
  });
  client.on('error', () => {
    // Every failure reaches the caller as a rejection; without a listener it would also end the process.
  });
  try {
    await within(timeoutMs, client.connect());
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    call: (...words) => within(timeoutMs, client.sendCommand([...words])),
    close: () => client.destroy(),
  };
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
