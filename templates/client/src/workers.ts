import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from './definition.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { backoffMs } from './retry.js';

/** A loop that takes work off Redis until it is stopped. */
export interface Worker {
  /** Ends after the work in hand; resolves when it has. */
  stop(): Promise<void>;
}

export interface Turn {
  /** A connection of its own, on which waiting holds up nobody else. */
  readonly port: RedisPort;
  readonly signal: AbortSignal;
}

/**
 * Runs `turn` over and over on a connection of its own; an outage makes it wait and go on. `name` is what observers are told.
 */
export function startWorker(
  services: Services,
  name: string,
  turn: (context: Turn) => Promise<unknown>,
): Worker {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    let port: RedisPort | undefined;
    for (let failures = 0; !signal.aborted; ) {
      try {
        port ??= await services.connectOwn();
        await turn({ port, signal });
        failures = 0;
      } catch (error) {
        if (signal.aborted || (error instanceof RedisError && error.code === 'redis/closed')) break;
        services.observe({ name, what: 'worker-failed' });
        await sleep(backoffMs(failures++), undefined, { signal }).catch(() => {});
      }
    }
    await port?.destroy();
  })();
  const stop = (): Promise<void> => {
    stopping.abort();
    return running;
  };
  services.onClose(stop);
  return { stop };
}

/** How long a command waits on the server at a time, in seconds: shorter than a connection may be silent. */
export const waitSeconds = 1;
