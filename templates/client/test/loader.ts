import { setTimeout as sleep } from 'node:timers/promises';
import { stolenMs, watchMachine } from '../../../tests/support/machine.ts';

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

interface Timed<T> {
  readonly value: T;
  readonly ms: number;
  /** Without what a busy machine took for itself, for promises of less than a second. */
  readonly ownMs: number;
}

const quickMs = 50;

export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  await watchMachine();
  const from = performance.now();
  const value = await work();
  const to = performance.now();
  const ms = to - from;
  return { value, ms, ownMs: ms < quickMs ? ms : ms - (await stolenMs(from, to)) };
}
