import { createInterface } from 'node:readline';
import type { Stack } from './stack.ts';

type Working = Pick<Stack, 'work'>;

export interface Written {
  readonly acked: number;
  /** The longest time between two acknowledged writes. */
  readonly gapMs: number;
}

/** Writes through the emitted client, strikes after 300 writes, and goes on until writes have flowed again for a while. */
export async function writeThrough(
  stack: Working,
  strike: () => Promise<unknown> | unknown,
): Promise<Written> {
  const writer = stack.work('write', 'w', '90');
  const times: number[] = [];
  let struckAt = Number.POSITIVE_INFINITY;
  let striking: Promise<unknown> = Promise.resolve();
  for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
    const { at } = JSON.parse(line) as { at: number };
    times.push(at);
    if (times.length === 300) {
      striking = Promise.resolve(strike()).finally(() => {
        struckAt = Date.now();
      });
      // Whoever fails is heard below; until then it must not end this process.
      striking.catch(() => undefined);
    }
    const resumed = times.filter((t) => t > struckAt + 3000).length;
    if (resumed > 300) writer.stdin?.end();
  }
  await writer;
  await striking;
  const gaps = times.slice(1).map((t, i) => t - (times[i] ?? t));
  return { acked: times.length, gapMs: Math.max(...gaps) };
}

/** The keys among those written that are not there, or not as they were written. */
export async function lost(stack: Working, { acked }: Written): Promise<readonly number[]> {
  const { stdout } = await stack.work('verify', 'w', String(acked));
  return (JSON.parse(String(stdout)) as { lost: number[] }).lost;
}
