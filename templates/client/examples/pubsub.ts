import { broadcast, defineKeyspaces, type Redis } from '../src/index.js';

interface Price {
  readonly amount: number;
}

export const keyspaces = defineKeyspaces({
  prices: broadcast<Price>({ name: 'prices' }),
  // On a cluster, each topic stays in one shard; there are no patterns then.
  positions: broadcast<[number, number]>({ name: 'positions', sharded: true }),
});

export async function example(redis: Redis, show: (line: string) => void) {
  const { prices, positions } = await redis.open(keyspaces);
  const endAll = await prices.subscribePattern('eu.*', ({ amount }, topic) => show(`${topic}: ${amount}`));
  const end = await positions.subscribe('bus-7', ([x, y]) => show(`${x}, ${y}`));
  // Heard by who listens now, and kept for nobody: what must arrive goes through a stream.
  const { listeners } = await prices.publish('eu.wheat', { amount: 231 });
  await positions.publish('bus-7', [48.2, 16.4]);
  return { listeners, end: () => Promise.all([endAll(), end()]) };
}
