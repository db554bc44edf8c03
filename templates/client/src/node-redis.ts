import { ErrorReply } from '@redis/client';
import type { Credentials } from './environment.js';
import { RedisError } from './errors.js';
import type { ChannelKind, Listener, RedisPort } from './port.js';
import { backoffMs } from './retry.js';
import type { Script } from './scripts.js';

interface ScriptInput {
  keys: string[];
  arguments: string[];
}

/** What the library's three kinds of client have in common, as far as it is used here. */
export interface NodeRedis {
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  get(key: string): Promise<string | null>;
  mGet(keys: string[]): Promise<(string | null)[]>;
  set(key: string, value: string, options?: { expiration: { type: 'PX'; value: number } }): Promise<unknown>;
  incr(key: string): Promise<number>;
  del(keys: string[]): Promise<number>;
  evalSha(sha1: string, input: ScriptInput): Promise<unknown>;
  eval(lua: string, input: ScriptInput): Promise<unknown>;
}

interface Channels {
  on(name: string, listener: Listener): Promise<unknown>;
  off(name: string, listener: Listener): Promise<unknown>;
}

/** Where the three kinds of client differ, or differ in their types. */
export interface Routes {
  readonly channels: Readonly<Record<ChannelKind, Channels>>;
  /** Names the server that holds a key. */
  readonly shardOf: (key: string) => string;
  /** Sends a command to the server that holds a key. */
  readonly send: (key: string, words: string[]) => Promise<unknown>;
  /** Sends a command to every primary. */
  readonly sendToPrimaries: (words: string[]) => Promise<readonly unknown[]>;
}

// The library's own timeout covers only commands not yet written, and costs an AbortSignal for each; 0 turns it off.
export const commandOptions = { timeout: 0 };

/** Options for one connection; made anew for each client, because the library writes into them. */
export function connectionOptions(name: string, credentials: Credentials) {
  return {
    ...credentials,
    name,
    // Commands fail at once while there is no connection: caches then ask their loader, writes try again.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    // Both are more commands for the user to be allowed, and servers of our own have no use for them.
    maintNotifications: 'disabled' as const,
    disableClientInfo: true,
    // An idle connection must hear something within socketTimeout, or it would be taken for a dead one.
    pingInterval: 1000,
    socket: { connectTimeout: 2000, socketTimeout: 3000, reconnectStrategy: backoffMs },
  };
}

/** Makes the port out of a client; closing ends `lifetime`. */
export function createPort(
  client: NodeRedis,
  { shardOf, send, sendToPrimaries, channels }: Routes,
  lifetime: AbortController,
): RedisPort {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw lifetime.signal.aborted ? closed(error) : translated(error);
    });
  return {
    shardOf,
    get: async (key) => ask(client.get(key)),
    mget: async (keys) => ask(client.mGet([...keys])),
    async set(key, value, ttlMs) {
      const options = ttlMs === undefined ? undefined : { expiration: { type: 'PX' as const, value: ttlMs } };
      await ask(client.set(key, value, options));
    },
    incr: async (key) => ask(client.incr(key)),
    del: async (keys) => ask(client.del([...keys])),
    run: async (script, keys, args) => script.decode(await ask(runScript(client, script, keys, args))),
    call: async (key, words) => ask(send(key, [...words])),
    callPrimaries: async (words) => ask(sendToPrimaries([...words])),
    async subscribe(kind, name, listener) {
      await ask(channels[kind].on(name, listener));
      return async () => void (await ask(channels[kind].off(name, listener)));
    },
    async ping() {
      await ask(sendToPrimaries(['PING']));
    },
    async close() {
      lifetime.abort();
      await client.close();
    },
    async destroy() {
      lifetime.abort();
      await client.destroy();
    },
  };
}

type AnyListener = (message: unknown, channel: unknown) => unknown;

interface Subscribing {
  subscribe(name: string, listener: Listener): Promise<unknown>;
  // The library types what listeners may get as text or bytes; without its last argument it is text.
  unsubscribe(name: string, listener: AnyListener): Promise<unknown>;
  pSubscribe(name: string, listener: Listener): Promise<unknown>;
  pUnsubscribe(name: string, listener: AnyListener): Promise<unknown>;
  sSubscribe(name: string, listener: Listener): Promise<unknown>;
  sUnsubscribe(name: string, listener: AnyListener): Promise<unknown>;
}

/** The ways to listen that a client of the library has. */
export function channelsOf(client: Subscribing): Routes['channels'] {
  return {
    channel: {
      on: (name, listener) => client.subscribe(name, listener),
      off: (name, listener) => client.unsubscribe(name, listener as AnyListener),
    },
    pattern: {
      on: (name, listener) => client.pSubscribe(name, listener),
      off: (name, listener) => client.pUnsubscribe(name, listener as AnyListener),
    },
    shard: {
      on: (name, listener) => client.sSubscribe(name, listener),
      off: (name, listener) => client.sUnsubscribe(name, listener as AnyListener),
    },
  };
}

async function runScript(
  client: NodeRedis,
  script: Script<unknown>,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const input = () => ({ keys: [...keys], arguments: [...args] });
  try {
    return await client.evalSha(script.sha1, input());
  } catch (error) {
    // A restarted or newly promoted server has not seen the script.
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(script.lua, input());
  }
}

const closed = (cause: unknown) => new RedisError('redis/closed', 'The connection is closed.', cause);

function translated(error: unknown): RedisError {
  // Whatever is not an answer is a connection that is absent, lost or not there yet.
  return error instanceof ErrorReply
    ? new RedisError('redis/refused', `Redis refused: ${error.message}`, error)
    : new RedisError('redis/unreachable', 'Redis could not be asked.', error);
}
