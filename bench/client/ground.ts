import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance, Library, Place } from './library.ts';

/** Given instead of an answer that did not come in time. */
export const hangs = Symbol('hangs');

export async function bounded<T>(work: Promise<T>, ms: number): Promise<T | typeof hangs> {
  const patience = new AbortController();
  const late = sleep(ms, hangs, { signal: patience.signal }).catch(() => hangs);
  try {
    return await Promise.race([work, late as Promise<typeof hangs>]);
  } finally {
    patience.abort();
  }
}

/** Opens instances of a library and closes them when the work is done, without waiting for one that does not close. */
export async function withInstances<T>(
  library: Library,
  place: Place,
  count: number,
  work: (instances: readonly Instance[]) => Promise<T>,
): Promise<T> {
  const instances = await Promise.all(Array.from({ length: count }, () => library.open(place)));
  try {
    return await work(instances);
  } finally {
    await bounded(Promise.allSettled(instances.map((one) => one.close())), 1500);
  }
}

/** A loader that counts its calls and takes its time. */
export function counting(answer: () => unknown, ms: number) {
  const loader = {
    calls: 0,
    load: async (): Promise<unknown> => {
      loader.calls++;
      await sleep(ms);
      return answer();
    },
  };
  return loader;
}

/** A loader whose end is decided from outside. */
export function gated(value: unknown) {
  let open = (): void => {};
  let enter = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const load = async (): Promise<unknown> => {
    enter();
    await gate;
    return value;
  };
  return { load, entered, open };
}

/** Many callers at once; gives how each of them fared. */
export function callers(
  count: number,
  call: (index: number) => Promise<unknown> | undefined,
): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(Array.from({ length: count }, async (_, index) => call(index)));
}

export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}
