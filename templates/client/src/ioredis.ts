import type { Socket } from 'node:net';
import { Cluster, Command, type Redis } from 'ioredis';
import type { Login } from './environment.js';
import { hear } from './ioredis-invalidations.js';
import type { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
import { backoffMs } from './retry.js';

/** Options for one connection, which fails fast: whoever needs an answer after all asks again. */
export function connectionOptions(name: string, { username, password, tls }: Login) {
  return {
    username,
    password,
    connectionName: name,
    lazyConnect: true,
    connectTimeout: 2000,
    // A command that hears nothing for so long is on a dead connection.
    socketTimeout: 3000,
    // How long a connection that is given up may take to close; what waits on it is rejected after that.
    disconnectTimeout: 200,
    // Commands fail at once while there is no connection: caches then ask their loader, writes try again.
    enableOfflineQueue: false,
    // Also those that were under way when it was lost, instead of waiting for the next one.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Subscriptions are taken care of here, because the library gives up where one attempt fails.
    autoResubscribe: false,
    retryStrategy: (attempt: number) => backoffMs(attempt - 1),
    maxLoadingRetryTime: 500,
    // One more command for the user to be allowed.
    disableClientInfo: true,
    ...(tls === undefined ? {} : { tls }),
  };
}

export type ConnectionOptions = ReturnType<typeof connectionOptions>;

/** A command for the server that holds a slot, also where the library does not know which word is the key. */
class SlotCommand extends Command {
  readonly #slot: number;

  constructor([name = '', ...args]: readonly string[], slot: number) {
    super(name, args, { replyEncoding: 'utf8' });
    this.#slot = slot;
  }

  override getSlot(): number {
    return this.#slot;
  }
}

/** Sends a command and gives the reply as it comes. */
export function ask(client: Redis | Cluster, words: readonly string[], slot = 0): Promise<unknown> {
  const command = new SlotCommand(words, slot);
  client.sendCommand(command);
  return command.promise;
}

/**
 * Makes a function that has all that is sent in the same turn of the event loop go out in one write. The library's own
 * pipelining does that too, but holds a command back until all before it are answered, and lets all fail where one does.
 */
export function gatherer(client: Redis | Cluster): () => void {
  let isGathering = false;
  return () => {
    if (isGathering) return;
    isGathering = true;
    const streams = connectionsOf(client, 'master').flatMap(streamOf);
    for (const stream of streams) stream.cork();
    process.nextTick(() => {
      isGathering = false;
      for (const stream of streams) stream.uncork();
    });
  };
}

/** What one connection to a primary does, whoever told where it is. */
export function oneLink(client: Redis) {
  const gather = gatherer(client);
  const send = (_key: string, words: readonly string[]): Promise<unknown> => {
    gather();
    return ask(client, words);
  };
  return {
    send,
    sendToPrimaries: async (words) => [await send('', words)],
    mget: (keys) => send('', ['MGET', ...keys]) as Promise<(string | null)[]>,
  } satisfies Partial<Link>;
}

/** What all three kinds of connection do in the same way. */
export function commonLink(
  client: Redis | Cluster,
  subscriptions: Subscriptions,
  { name, login }: { readonly name: string; readonly login: Login },
) {
  return {
    connect: () => connect(client),
    subscribe: (kind, channel, listener) => subscriptions.add(kind, channel, listener),
    unsubscribe: (kind, channel, listener) => subscriptions.remove(kind, channel, listener),
    track: (at, prefix, listener) => hear({ ...connectionOptions(name, login), ...at }, prefix, listener),
    // By name, because the class belongs to a package that only the library depends on.
    isRefusal: (error): error is Error => error instanceof Error && error.name === 'ReplyError',
    onError: (listener) => {
      client.on('error', (error: Error) => listener(reasonOf(error)));
      client.on('node error', listener);
      subscriptions.onError = listener;
    },
    close: () => close(client, subscriptions),
    destroy: () => destroy(client, subscriptions),
  } satisfies Partial<Link>;
}

/** Resolves when commands can be sent. The library goes on trying by itself; where it does not, this rejects. */
function connect(client: Redis | Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('ready', resolve);
    client.connect().catch((error: unknown) => {
      if (client.status === 'end') reject(error);
    });
  });
}

async function close(client: Redis | Cluster, subscriptions: Subscriptions): Promise<void> {
  subscriptions.stop();
  // Answered after everything that was sent before.
  await client.quit().catch(() => {});
  client.disconnect();
}

function destroy(client: Redis | Cluster, subscriptions: Subscriptions): void {
  subscriptions.stop();
  const streams = connectionsOf(client, 'all').flatMap(streamOf);
  client.disconnect();
  // A server that hangs does not close its end.
  for (const stream of streams) stream.destroy();
}

const connectionsOf = (client: Redis | Cluster, role: 'all' | 'master'): readonly Redis[] =>
  client instanceof Cluster ? client.nodes(role) : [client];

/** The library's types know no connection that was never opened. */
function streamOf({ stream }: { readonly stream: Socket | undefined }): readonly Socket[] {
  return stream === undefined ? [] : [stream];
}

/** A cluster that no seed leads to says so, and keeps what happened in another place. */
function reasonOf(error: Error & { readonly lastNodeError?: unknown }): unknown {
  return error.lastNodeError ?? error;
}
