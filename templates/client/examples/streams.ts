import { defineKeyspaces, type Redis, stream } from '../src/index.js';

interface Order {
  readonly id: string;
  readonly cents: number;
}

export const keyspaces = defineKeyspaces({
  // The last 50 000 entries stay for a replay; none goes that a group has still to handle.
  orders: stream<Order>({ name: 'orders', keep: 50_000 }),
});

export async function example(
  redis: Redis,
  mail: { confirm(order: Order, options: { signal: AbortSignal }): Promise<void> },
): Promise<number> {
  const { orders } = await redis.open(keyspaces);
  await orders.add({ id: 'o-1', cents: 4200 });
  // Run it in as many processes as you like: each order reaches one of them, and another one if that one dies.
  const consumer = orders.consume('mailer', (order, { signal }) => mail.confirm(order, { signal }), {
    concurrency: 8,
    maxDeliveries: 5,
  });
  for (const { id, reason } of await orders.dead('mailer')) process.stderr.write(`${id}: ${reason}\n`);
  let cents = 0;
  for await (const { item } of orders.replay({ from: new Date('2026-11-01') })) cents += item.cents;
  await consumer.stop();
  return cents;
}
