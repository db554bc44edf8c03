import { defineKeyspaces, type Redis, writeThrough } from '../src/index.js';

interface Price {
  readonly cents: number;
  /** Counted up by the database with every change of the row. */
  readonly rev: number;
}

/** Yours. */
declare const database: {
  findPrice(sku: string): Promise<Price | null>;
  /** Gives the row as it is after the change, with its new `rev`. */
  savePrice(sku: string, cents: number): Promise<Price>;
};

export const keyspaces = defineKeyspaces({
  prices: writeThrough<string, Price>({
    name: 'price',
    key: (sku) => [sku],
    ttlMs: 60 * 60_000,
    version: ({ rev }) => rev,
    load: (sku) => database.findPrice(sku),
    write: (sku, { cents }) => database.savePrice(sku, cents),
  }),
});

export async function example(redis: Redis): Promise<Price | null> {
  const { prices } = await redis.open(keyspaces);
  // From here on nobody reads an older price, whichever process was loading or saving one meanwhile.
  await prices.save('apple', { cents: 120, rev: 0 });
  // After a change that was made past this module:
  await prices.invalidate('apple');
  return prices.get('apple');
}
