import type { Address, StackDescription } from './description.js';
import { RedisError } from './errors.js';
import type { ChannelKind, Listener, RedisPort, Tracking, TrackListener } from './port.js';
import type { Script } from './scripts.js';
import { unless } from './time.js';

/** What a client library has to be able to do; the rest is the same for all of them. */
export interface Link {
  /** Connects once; rejects where that fails. */
  connect(): Promise<unknown>;
  /** Sends a command to the server that holds a key. */
  send(key: string, words: string[]): Promise<unknown>;
  /** Sends a command to every primary. */
  sendToPrimaries(words: string[]): Promise<readonly unknown[]>;
  /** Reads keys that may be in different slots. */
  mget(keys: readonly string[]): Promise<(string | null)[]>;
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

interface PortLife {
  /** Ends with the port, and the port with it. */
  readonly lifetime: AbortController;
  readonly stack: StackDescription;
  /** Told of calls that fail as they do where another server has taken over; often, so it should be quick. */
  readonly onTrouble: () => void;
}

// What a server answers that is not, or not any more, the one to ask.
const elsewhere = /^(READONLY|NOREPLICAS|MOVED|CLUSTERDOWN|UNBLOCKED) /;

// More than this would be memory and delay without end, where Redis answers slower than it is asked.
const maxWaiting = 10_000;

/** Makes the port out of a link. */
export function createPort(link: Link, { lifetime, stack, onTrouble }: PortLife): RedisPort {
  let isClosed = false;
  let isDestroyed = false;
  let waiting = 0;
  const closed = (error?: unknown): RedisError =>
    new RedisError('redis/closed', 'The connection is closed.', error);
  const explain = (error: unknown): RedisError => {
    // What still waits where connections are given up for others may be asked again on those.
    if (isDestroyed) return closed(error);
    if (link.isRefusal(error)) {
      if (elsewhere.test(error.message)) onTrouble();
      return new RedisError('redis/refused', `Redis refused: ${error.message}`, error);
    }
    onTrouble();
    // Whatever is not an answer is a connection that is absent, lost or not there yet.
    return new RedisError('redis/unreachable', 'Redis could not be asked.', error);
  };
  let onIdle = (): void => {};
  const leave = (): void => {
    if (--waiting === 0) onIdle();
  };
  const answered = <T>(answer: T): T => {
    leave();
    return answer;
  };
  const failed = (error: unknown): never => {
    leave();
    throw explain(error);
  };
  const ask = <T>(question: () => Promise<T>, most = maxWaiting): Promise<T> => {
    if (isClosed) return Promise.reject(closed());
    if (waiting >= most) return Promise.reject(overloaded());
    waiting++;
    try {
      return question().then(answered, failed);
    } catch (error) {
      return Promise.reject(error).catch(failed);
    }
  };
  // Asked for while there is no connection, a subscription may wait for one for ever.
  const askUntilEnd = (question: () => Promise<unknown>): Promise<unknown> =>
    unless(lifetime.signal, ask(question)).catch((error: unknown) => {
      throw error instanceof RedisError ? error : explain(error);
    });
  const close = async (): Promise<void> => {
    isClosed = true;
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve;
    });
    if (waiting > 0) await unless(lifetime.signal, idle).catch(() => {});
    // Dropped meanwhile.
    if (lifetime.signal.aborted) return;
    lifetime.abort();
    await link.close();
  };
  const destroy = async (): Promise<void> => {
    isClosed = true;
    isDestroyed = true;
    lifetime.abort();
    await link.destroy();
  };
  return {
    stack: () => stack,
    shardOf: (key) => link.shardOf(key),
    read(key, onText, onError) {
      if (isClosed) return onError(closed());
      try {
        const reading = link.send(key, ['GET', key]) as Promise<string | null>;
        reading.then(onText, (error: unknown) => onError(explain(error)));
      } catch (error) {
        onError(explain(error));
      }
    },
    get: (key) => ask(() => link.send(key, ['GET', key]) as Promise<string | null>),
    mget: (keys) => ask(() => link.mget(keys)),
    run: (script, keys, args) => ask(() => runScript(link, script, keys, args)).then(script.decode),
    call: (key, words) => ask(() => link.send(key, [...words])),
    // Seldom, and how it is found out that Redis still answers: it is asked in any case.
    callPrimaries: (words) => ask(() => link.sendToPrimaries([...words]), Number.POSITIVE_INFINITY),
    async subscribe(kind, name, listener) {
      await askUntilEnd(() => link.subscribe(kind, name, listener));
      return async () => {
        if (!isClosed) await askUntilEnd(() => link.unsubscribe(kind, name, listener));
      };
    },
    primaries: () => link.primaries(),
    track: (at, prefix, listener) => link.track(at, prefix, listener),
    close,
    destroy,
  };
}

const overloaded = () =>
  new RedisError('redis/overloaded', `${maxWaiting} commands are waiting for an answer.`);

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
