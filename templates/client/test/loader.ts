import { setTimeout as sleep } from 'node:timers/promises';

/** A loader that counts its calls and takes its time. */
export function countingLoader<T>(answer: () => T, ms = 20) {
  const loader = {
    calls: 0,
    load: async (): Promise<T> => {
      loader.calls++;
      const value = answer();
      await sleep(ms);
      return value;
    },
  };
  return loader;
}

/** A loader whose end the test decides. */
export function gatedLoader<T>(value: T) {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let enter = (): void => {};
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const load = async (): Promise<T> => {
    enter();
    await gate;
    return value;
  };
  return { load, entered, open };
}

export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}
