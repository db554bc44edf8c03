import { ErrorReply } from '@redis/client';
import type { Credentials } from './environment.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
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
  ping(): Promise<unknown>;
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

/** Makes the port out of a client; `shardOf` names the server that holds a key, and closing ends `lifetime`. */
export function createPort(
  client: NodeRedis,
  shardOf: (key: string) => string,
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
    async ping() {
      await ask(client.ping());
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
