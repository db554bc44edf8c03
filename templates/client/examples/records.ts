import { defineKeyspaces, type Redis, record, unchecked } from '../src/index.js';

export const keyspaces = defineKeyspaces({
  cart: record({
    name: 'cart',
    key: (id: string) => [id],
    // Every update begins the two hours anew.
    ttlMs: 2 * 60 * 60_000,
    // Or a schema of Zod, Valibot, ArkType: then what does not fit is as good as absent.
    fields: {
      currency: unchecked<'EUR' | 'USD'>(),
      items: unchecked<string[]>(),
      cents: unchecked<number>(),
    },
  }),
});

export async function example(redis: Redis) {
  const { cart } = await redis.open(keyspaces);
  await cart.update('c-17', { currency: 'EUR', items: ['tea'] });
  // Others who change other fields meanwhile are not undone.
  const cents = await cart.increment('c-17', 'cents', 499);
  // Every field is optional here: this one is absent once the record has ended.
  const { items = [] } = (await cart.get('c-17')) ?? {};
  return { cents, items };
}
