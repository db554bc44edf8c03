import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from './description.js';
import { RedisError } from './errors.js';
import { createPort, type NodeRedis, type Routes } from './node-redis.js';
import type { ConnectOptions, RedisPort } from './port.js';
import { backoffMs } from './retry.js';
import { late, within } from './time.js';

export interface Opening {
  readonly client: NodeRedis;
  /** Where the client begins, for the error message. */
  readonly addresses: readonly Address[];
  readonly routes: Routes;
}

/**
 * Connects a client, trying again until it succeeds. Rejects with `redis/unreachable` after `connectWithinMs`, or, with
 * `startWithout`, resolves then and goes on trying.
 */
export async function open(
  { client, addresses, routes }: Opening,
  { connectWithinMs = 10_000, startWithout = false, onError }: ConnectOptions,
): Promise<RedisPort> {
  const lifetime = new AbortController();
  const port = createPort(client, routes, lifetime);
  let lastError: unknown;
  const note = (error: unknown): void => {
    if (lifetime.signal.aborted) return;
    lastError = error;
    onError?.(error instanceof Error ? error : new Error(String(error)));
  };
  // Without a listener an 'error' event ends the process.
  client.on('error', note);

  const outcome = await within(keepConnecting(client, note, lifetime.signal), connectWithinMs);
  if (outcome !== late || startWithout) return port;
  await within(port.destroy(), 1000);
  throw unreachable(addresses, connectWithinMs, lastError);
}

async function keepConnecting(
  client: NodeRedis,
  note: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await client.connect();
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
