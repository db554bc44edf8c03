import { defineKeyspaces, lock, type Redis } from '../src/index.js';

export const keyspaces = defineKeyspaces({
  invoices: lock<number>({ name: 'invoice', key: (id) => [id], ttlMs: 10_000 }),
});

export async function example(
  redis: Redis,
  database: { pay(invoice: number, fence: number, signal: AbortSignal): Promise<boolean> },
): Promise<boolean> {
  const { invoices } = await redis.open(keyspaces);
  // The database refuses a fence that is lower than the highest it has seen: `WHERE fence < $2`.
  const isPaid = await invoices.with(42, ({ fence, signal }) => database.pay(42, fence, signal), {
    waitMs: 5000,
  });
  // What another one does already need not be done: this does not wait.
  const attempt = await invoices.tryWith(43, ({ fence, signal }) => database.pay(43, fence, signal));
  return isPaid && attempt.done && attempt.result;
}
