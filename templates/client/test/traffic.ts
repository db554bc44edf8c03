import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { until } from '../../../tests/support/until.ts';
import type { Redis } from '../src/redis.js';

const workers = 8;
const counters = 4;

/** Until the test ends, writes unique keys and counts, as many at a time as there are workers, and keeps account of what was acknowledged. */
export function startTraffic(redis: Redis) {
  const written = new Map<string, string>();
  const counted = new Map<string, number>();
  const errors: unknown[] = [];
  let isOn = true;
  let last = performance.now();
  let longestGapMs = 0;

  const acknowledged = (): void => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
  };
  const work = async (worker: number): Promise<void> => {
    for (let round = 0; isOn; round++, await sleep(1)) {
      const key = `unique:${worker}:${round}`;
      const counter = `counter:${round % counters}`;
      try {
        await redis.direct.set(key, String(round));
        written.set(key, String(round));
        acknowledged();
        await redis.direct.incr(counter);
        counted.set(counter, (counted.get(counter) ?? 0) + 1);
        acknowledged();
      } catch (error) {
        errors.push(error);
        return;
      }
    }
  };
  const running = Array.from({ length: workers }, (_, worker) => work(worker));
  onTestFinished(async () => {
    isOn = false;
    await Promise.all(running);
  });

  return {
    /** The longest time in which nothing was acknowledged, since the last time this was asked. */
    gapMs(): number {
      const gap = longestGapMs;
      longestGapMs = 0;
      return gap;
    },
    /** Waits until so many more are written. */
    goesOn: (count = 200) => {
      const before = written.size;
      return until('the traffic goes on', () => written.size >= before + count, { everyMs: 5 });
    },
    /** Ends it, and holds what is there against what was acknowledged: no failed call, none lost, none counted twice. */
    async settle(): Promise<void> {
      isOn = false;
      await Promise.all(running);
      expect(errors).toEqual([]);
      const lost: string[] = [];
      for (const [key, text] of written) if ((await redis.direct.get(key)) !== text) lost.push(key);
      expect(lost).toEqual([]);
      for (const [counter, count] of counted) expect(await redis.direct.get(counter)).toBe(String(count));
    },
  };
}
