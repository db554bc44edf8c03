import { broadcast, defineKeyspaces, type Redis } from '../src/index.js';

interface Price {
  readonly sku: string;
  readonly cents: number;
}

export const keyspaces = defineKeyspaces({
  prices: broadcast<Price>({ name: 'prices' }),
});

export async function example(redis: Redis, show: (price: Price) => void): Promise<number> {
  const { prices } = await redis.open(keyspaces);
  const endOne = await prices.subscribe('books', (price) => show(price));
  const endAll = await prices.subscribePattern('*', (price, topic) =>
    show({ ...price, sku: `${topic}/${price.sku}` }),
  );
  // Heard at most once, by whoever listens now.
  const { listeners } = await prices.publish('books', { sku: 'b-7', cents: 1250 });
  await endOne();
  await endAll();
  return listeners;
}
