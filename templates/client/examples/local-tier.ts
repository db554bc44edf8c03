import { defineKeyspaces, localCache, type Redis } from '../src/index.js';

interface Flags {
  readonly newCheckout: boolean;
}

export const keyspaces = defineKeyspaces({
  flags: localCache<string, Flags>({
    name: 'flags',
    key: (tenant) => [tenant],
    ttlMs: 5 * 60_000,
    // At most a thousand tenants in the memory of this process, each for five seconds without another look.
    localMax: 1000,
    localMs: 5000,
  }),
});

export async function example(
  redis: Redis,
  database: { readFlags(tenant: string): Promise<Flags | null> },
): Promise<boolean> {
  const { flags } = await redis.open(keyspaces);
  // From memory where it is there: treat the value as read-only, its other readers have the same object.
  const found = await flags.getOrSet('acme', () => database.readFlags('acme'));
  // Every process is told to forget it.
  await flags.invalidate('acme');
  return found?.newCheckout ?? false;
}
