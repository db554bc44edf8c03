import type { RedisError } from './errors.js';
import { late, within } from './time.js';

// Timers know no longer time; with more they fire at once.
const longestMs = 2 ** 31 - 1;

/**
 * Runs `work` for `ms` milliseconds at most, then aborts its signal and rejects with what `error` gives. Work that does not
 * heed its signal goes on, and nobody hears how it ends.
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  ms: number,
  error: () => RedisError,
  aborting = new AbortController(),
): Promise<T> {
  const running = (async () => work(aborting.signal))();
  if (ms > longestMs) return running;
  const outcome = await within(running, ms);
  if (outcome !== late) return outcome;
  const reason = error();
  aborting.abort(reason);
  throw reason;
}

/** Waits for a promise; gives undefined as soon as the signal is aborted, and then how the promise ends is ignored. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let onAbort = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort);
  });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
