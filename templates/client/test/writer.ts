import { onTestFinished } from 'vitest';
import { until } from '../../../tests/support/until.ts';
import type { Direct } from '../src/direct.js';

/** Writes one number after the other, until the test ends, and notes which were acknowledged, and the longest pause between two of them. */
export function writeOnwards(direct: Direct) {
  const errors: unknown[] = [];
  let acknowledged = 0;
  let longestGapMs = 0;
  let last = performance.now();
  let isStopped = false;

  const running = (async () => {
    for (let number = 1; !isStopped; number++) {
      try {
        await direct.set('counter', String(number));
        acknowledged = number;
        longestGapMs = Math.max(longestGapMs, performance.now() - last);
        last = performance.now();
      } catch (error) {
        errors.push(error);
      }
    }
  })();

  onTestFinished(() => {
    isStopped = true;
    return running;
  });
  const reach = (count: number) => until(`${count} writes`, () => acknowledged >= count, { everyMs: 5 });
  return {
    acknowledged: reach,
    /** Waits for so many more after a pause has been seen or a second has passed. */
    async acknowledgedSince(count: number): Promise<void> {
      const start = performance.now();
      await until('a pause', () => longestGapMs > 300 || performance.now() - start > 15_000, { everyMs: 5 });
      await reach(acknowledged + count);
    },
    async stop() {
      isStopped = true;
      await running;
      return { acknowledged, longestGapMs, errors };
    },
  };
}
