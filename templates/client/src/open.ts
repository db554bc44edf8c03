import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from './description.js';
import { RedisError } from './errors.js';
import { createPort, type Link } from './link.js';
import { notePasswords } from './password-file.js';
import type { ConnectOptions, RedisPort } from './port.js';
import { backoffMs } from './retry.js';
import { supervise } from './supervisor.js';
import { late, within } from './time.js';

/**
 * Connects, trying again until it succeeds, and replaces the connections when a primary falls silent. Rejects with
 * `redis/unreachable` after `connectWithinMs`, or, with `startWithout`, resolves then and goes on trying. `addresses` are
 * where it begins, for the error message; `createLink` is called for each set of connections.
 */
export async function open(
  addresses: readonly Address[],
  createLink: () => Link,
  { connectWithinMs = 10_000, startWithout = false, silentAfterMs = 2000, onError, env }: ConnectOptions,
): Promise<RedisPort> {
  let lastError: unknown;
  const begin = () => {
    // Before they are read: what changes in between is only looked at twice.
    const isOutdated = notePasswords(env ?? process.env);
    const link = createLink();
    const lifetime = new AbortController();
    const note = (error: unknown): void => {
      if (lifetime.signal.aborted) return;
      lastError = error;
      onError?.(error instanceof Error ? error : new Error(String(error)));
    };
    // Without a listener an 'error' event ends the process.
    link.onError(note);
    const port = createPort(link, lifetime);
    const drop = async (): Promise<void> => {
      lifetime.abort();
      await link.destroy();
    };
    return { port, connected: keepConnecting(link, note, lifetime.signal), drop, isOutdated };
  };
  const first = begin();
  const outcome = await within(first.connected, connectWithinMs);
  if (outcome !== late || startWithout) return supervise(first, begin, silentAfterMs);
  await within(first.port.destroy(), 1000);
  throw unreachable(addresses, connectWithinMs, lastError);
}

async function keepConnecting(
  link: Link,
  note: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await link.connect();
      // Dropped while it was on its way: what it has opened since would stay open.
      if (signal.aborted) await link.destroy();
      return;
    } catch (error) {
      note(error);
      await sleep(backoffMs(attempt));
    }
  }
}

function unreachable(addresses: readonly Address[], withinMs: number, cause: unknown): RedisError {
  const places = addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new RedisError('redis/unreachable', `No connection to ${places} within ${withinMs} ms${why}`, cause);
}
