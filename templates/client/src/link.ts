import type { Address } from './description.js';
import { RedisError } from './errors.js';
import type { ChannelKind, Listener, RedisPort, Tracking, TrackListener } from './port.js';
import type { Script } from './scripts.js';

/** What a client library has to be able to do; the rest is the same for all of them. */
export interface Link {
  /** Connects once; rejects where that fails. */
  connect(): Promise<unknown>;
  /** Sends a command to the server that holds a key. */
  send(key: string, words: string[]): Promise<unknown>;
  /** Sends a command to every primary. */
  sendToPrimaries(words: string[]): Promise<readonly unknown[]>;
  /** Reads keys that may be in different slots. */
  mget(keys: string[]): Promise<(string | null)[]>;
  subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<unknown>;
  unsubscribe(kind: ChannelKind, name: string, listener: Listener): Promise<unknown>;
  primaries(): readonly Address[];
  track(at: Address, prefix: string, listener: TrackListener): Tracking;
  shardOf(key: string): string;
  /** Whether an error is an answer of Redis. */
  isRefusal(error: unknown): error is Error;
  onError(listener: (error: unknown) => void): void;
  close(): Promise<unknown>;
  destroy(): unknown;
}

/** Makes the port out of a link; closing ends `lifetime`. */
export function createPort(link: Link, lifetime: AbortController): RedisPort {
  const translate = (error: unknown): never => {
    if (lifetime.signal.aborted) throw new RedisError('redis/closed', 'The connection is closed.', error);
    if (link.isRefusal(error))
      throw new RedisError('redis/refused', `Redis refused: ${error.message}`, error);
    // Whatever is not an answer is a connection that is absent, lost or not there yet.
    throw new RedisError('redis/unreachable', 'Redis could not be asked.', error);
  };
  const ask = <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return question().catch(translate);
    } catch (error) {
      return Promise.reject(error).catch(translate);
    }
  };
  const end = async (how: () => unknown): Promise<void> => {
    lifetime.abort();
    await how();
  };
  return {
    shardOf: (key) => link.shardOf(key),
    get: (key) => ask(() => link.send(key, ['GET', key]) as Promise<string | null>),
    mget: (keys) => ask(() => link.mget([...keys])),
    run: (script, keys, args) => ask(() => runScript(link, script, keys, args)).then(script.decode),
    call: (key, words) => ask(() => link.send(key, [...words])),
    callPrimaries: (words) => ask(() => link.sendToPrimaries([...words])),
    async subscribe(kind, name, listener) {
      await ask(() => link.subscribe(kind, name, listener));
      return async () => void (await ask(() => link.unsubscribe(kind, name, listener)));
    },
    primaries: () => link.primaries(),
    track: (at, prefix, listener) => link.track(at, prefix, listener),
    close: () => end(() => link.close()),
    destroy: () => end(() => link.destroy()),
  };
}

async function runScript(
  link: Link,
  script: Script<unknown>,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const [key = ''] = keys;
  const input = [String(keys.length), ...keys, ...args];
  try {
    return await link.send(key, ['EVALSHA', script.sha1, ...input]);
  } catch (error) {
    // A restarted or newly promoted server has not seen the script.
    if (!link.isRefusal(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return link.send(key, ['EVAL', script.lua, ...input]);
  }
}
