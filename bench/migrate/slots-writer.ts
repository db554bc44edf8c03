import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Library } from '../../tests/live/migrate-slots-writer.ts';

/** A process that writes at a rate and measures; told by messages when a phase begins, and says how the last one went. */
const [library = 'ioredis', ports = '', password = '', rate = '2000', seeded = '0'] = process.argv.slice(2);
const client = await connect(library as Library, ports.split(',').map(Number), password);
const LANES = 16;

let took: number[] = [];
let failed: string[] = [];
let longestGapMs = 0;
let last = performance.now();
let on = true;

async function lane(index: number): Promise<void> {
  const everyMs = (1000 * LANES) / Number(rate);
  let due = performance.now() + Math.random() * everyMs;
  for (let n = 0; on; n += 1) {
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    // Lateness is not made up for without end: that would be another load.
    due = Math.max(due + everyMs, performance.now() - 50);
    const key = n % 2 === 0 ? `seed:${Math.floor(Math.random() * Number(seeded))}` : `written:${index}:${n}`;
    const begun = performance.now();
    try {
      await client.send(key, 'SET', key, `value of some length, number ${n}, ${'x'.repeat(60)}`);
      const now = performance.now();
      took.push(now - begun);
      longestGapMs = Math.max(longestGapMs, now - last);
      last = now;
    } catch (error) {
      failed.push((error as Error).message);
    }
  }
}

process.on('message', (phase: string) => {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  process.send?.({
    calls: took.length,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    longestGapMs,
    failed: failed.length,
    said: [...new Set(failed)].slice(0, 3),
  });
  [took, failed, longestGapMs, last] = [[], [], 0, performance.now()];
  if (phase === 'end') on = false;
});
await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
client.close();
process.disconnect?.();
