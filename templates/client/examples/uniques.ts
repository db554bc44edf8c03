import { defineKeyspaces, type Redis, uniques } from '../src/index.js';

const dayMs = 24 * 60 * 60_000;

export const keyspaces = defineKeyspaces({
  visitors: uniques<string>({
    name: 'visitors',
    key: (page) => [page],
    ttlMs: 40 * dayMs,
    mergedTtlMs: 400 * dayMs,
  }),
});

export async function example(redis: Redis, visitor: string): Promise<number> {
  const { visitors } = await redis.open(keyspaces);
  // A period is any text that you choose; this one is the day in UTC.
  const today = new Date().toISOString().slice(0, 10);
  await visitors.add('home', today, visitor);
  // The month stays when its days have ended.
  await visitors.merge('home', today.slice(0, 7), today);
  return visitors.count('home', today.slice(0, 7));
}
