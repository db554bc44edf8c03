import { defineKeyspaces, type Redis, type WriteBehindChange, writeBehind } from '../src/index.js';

interface Cart {
  readonly items: readonly string[];
}

/** Yours. */
declare const database: {
  /** Writes where the version in the table is lower; `null` marks the row as deleted and keeps its version. */
  upsertCarts(changes: readonly WriteBehindChange<Cart>[], signal: AbortSignal): Promise<void>;
  findCart(id: string): Promise<Cart | null>;
};

export const keyspaces = defineKeyspaces({
  carts: writeBehind<string, Cart>({
    name: 'cart',
    key: (id) => [id],
    ttlMs: 24 * 60 * 60_000,
    flush: (changes, { signal }) => database.upsertCarts(changes, signal),
    load: (id) => database.findCart(id),
  }),
});

export async function example(redis: Redis): Promise<Cart | null> {
  const { carts } = await redis.open(keyspaces);
  // In as many processes as you like; without any, changes wait.
  carts.start();
  await carts.put('c-1', { items: ['apple'] });
  await carts.put('c-1', { items: ['apple', 'pear'] });
  const cart = await carts.get('c-1');
  // Until the database has everything; `redis.close()` flushes what waits as well.
  await carts.drained(5000);
  return cart;
}
