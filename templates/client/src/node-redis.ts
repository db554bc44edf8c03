import { createClient, DisconnectsClientError, ErrorReply, RESP_TYPES } from '@redis/client';
import type { Address } from './description.js';
import type { Login } from './environment.js';
import type { Link } from './link.js';
import type { ChannelKind, Listener, Tracking, TrackListener } from './port.js';
import { backoffMs } from './retry.js';

export const commandOptions = {
  // The library's own timeout covers only commands not yet written, and costs an AbortSignal for each; 0 turns it off.
  timeout: 0,
  // As an object it would come without a field that is called `__proto__`, and with numbers before other fields.
  typeMapping: { [RESP_TYPES.MAP]: Array },
};

/** Options for one connection; made anew for each client, because the library writes into them. */
export function connectionOptions(name: string, { username, password, tls }: Login) {
  return {
    username,
    password,
    name,
    // Commands fail at once while there is no connection: caches then ask their loader, writes try again.
    disableOfflineQueue: true,
    // Both are more commands for the user to be allowed, and servers of our own have no use for them.
    maintNotifications: 'disabled' as const,
    disableClientInfo: true,
    // An idle connection must hear something within socketTimeout, or it would be taken for a dead one.
    pingInterval: 1000,
    socket: {
      connectTimeout: 2000,
      socketTimeout: 3000,
      reconnectStrategy: backoffMs,
      ...(tls === undefined ? {} : { tls: true as const, ...tls }),
    },
  };
}

type AnyListener = (message: unknown, channel: unknown) => unknown;

/** What the library's three kinds of client have in common, as far as it is used here. */
interface NodeRedis {
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  mGet(keys: string[]): Promise<(string | null)[]>;
  subscribe(name: string, listener: Listener): Promise<unknown>;
  // The library types what listeners may get as text or bytes; without its last argument it is text.
  unsubscribe(name: string, listener: AnyListener): Promise<unknown>;
  pSubscribe(name: string, listener: Listener): Promise<unknown>;
  pUnsubscribe(name: string, listener: AnyListener): Promise<unknown>;
  sSubscribe(name: string, listener: Listener): Promise<unknown>;
  sUnsubscribe(name: string, listener: AnyListener): Promise<unknown>;
}

/** What all three kinds of client do in the same way. */
export function commonLink(client: NodeRedis, name: string, login: Login) {
  const on: Record<ChannelKind, (name: string, listener: Listener) => Promise<unknown>> = {
    channel: (channel, listener) => client.subscribe(channel, listener),
    pattern: (pattern, listener) => client.pSubscribe(pattern, listener),
    shard: (channel, listener) => client.sSubscribe(channel, listener),
  };
  const off: Record<ChannelKind, (name: string, listener: AnyListener) => Promise<unknown>> = {
    channel: (channel, listener) => client.unsubscribe(channel, listener),
    pattern: (pattern, listener) => client.pUnsubscribe(pattern, listener),
    shard: (channel, listener) => client.sUnsubscribe(channel, listener),
  };
  return {
    connect: () => client.connect(),
    mget: (keys: readonly string[]) => client.mGet([...keys]),
    subscribe: (kind, channel, listener) => on[kind](channel, listener),
    unsubscribe: (kind, channel, listener) => off[kind](channel, listener as AnyListener).catch(unlessEnded),
    track: (at, prefix, listener) => track({ name, login, at, prefix, listener }),
    isRefusal: (error): error is Error => error instanceof ErrorReply,
    onError: (listener) =>
      void client.on('error', (error: unknown) => {
        // What the library ended itself, as where a Sentinel group is looked at anew, is no failure.
        if (!(error instanceof DisconnectsClientError)) listener(error);
      }),
    close: () => client.close(),
    destroy: () => client.destroy(),
  } satisfies Partial<Link>;
}

interface Tracked {
  readonly name: string;
  readonly login: Login;
  readonly at: Address;
  readonly prefix: string;
  readonly listener: TrackListener;
}

function track({ name, login, at, prefix, listener }: Tracked): Tracking {
  const options = connectionOptions(name, login);
  const client = createClient({
    ...options,
    RESP: 3,
    commandOptions,
    emitInvalidate: true,
    socket: { ...options.socket, ...at },
  });
  const { onWrite, onReady, onGap } = listener;
  const listen = async (): Promise<void> => {
    // The library tracks what this connection reads; here it is to hear of everything below the prefix.
    await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
    await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix]);
    onReady();
  };
  client.on('ready', () => void listen().catch(onGap));
  client.on('error', onGap);
  client.on('end', onGap);
  // The server announces a flush of everything without a key.
  client.on('invalidate', (key: unknown) => (key === null ? flushed() : onWrite(String(key))));
  const flushed = (): void => {
    onGap();
    onReady();
  };
  client.connect().catch(onGap);
  return { ping: () => client.ping(), stop: () => client.destroy() };
}

/** Valkey 8.0 refuses to end what it has ended already; elsewhere that is no error. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof Error) || !error.message.startsWith('NOSUB')) throw error;
}
