import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from './definition.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { backoffMs } from './retry.js';

/** A loop that takes work off Redis until it is stopped. */
export interface Worker {
  /** Ends after the work in hand, whose signal is aborted; resolves when it has. `close()` of the connection does the same. */
  stop(): Promise<void>;
}

export interface Turn {
  /** A connection of its own, on which waiting holds up nobody else. */
  readonly port: RedisPort;
  /** Aborted when the worker is to stop. */
  readonly signal: AbortSignal;
}

/**
 * Runs `turn` over and over on a connection of its own, until it is stopped. A turn that rejects is told to observers, as of
 * `name`, and the next one begins a little later: an outage makes a worker wait and go on.
 */
export function startWorker(
  services: Services,
  name: string,
  turn: (context: Turn) => Promise<unknown>,
): Worker {
  const stopping = new AbortController();
  const running = work(services, name, turn, stopping.signal);
  const stop = (): Promise<void> => {
    stopping.abort();
    return running;
  };
  services.onClose(stop);
  return { stop };
}

async function work(
  services: Services,
  name: string,
  turn: (context: Turn) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let port: RedisPort | undefined;
  for (let failures = 0; !signal.aborted; ) {
    try {
      port ??= await services.connectOwn();
      await turn({ port, signal });
      failures = 0;
    } catch (error) {
      if (signal.aborted || (error instanceof RedisError && error.code === 'redis/closed')) break;
      services.observe({ name, what: 'worker-failed', error });
      await sleep(backoffMs(failures++), undefined, { signal }).catch(() => {});
    }
  }
  // Nobody has to hear that a connection could not be ended in good order.
  await port?.destroy().catch(() => {});
}

/** How long a command waits on the server at a time, in seconds: shorter than a connection may be silent. */
export const waitSeconds = 1;
