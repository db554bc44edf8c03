import { setMaxListeners } from 'node:events';

/** What `within` gives for a promise that took too long. */
export const late = Symbol('late');

/** Waits for a promise at most `ms` milliseconds. It goes on after that; its outcome, even a rejection, is then ignored. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise at most until a signal is given, and rejects with its reason then. */
export function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  // As many may wait as like to.
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
