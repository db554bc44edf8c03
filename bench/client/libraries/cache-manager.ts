import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { type Entries, type Library, ttlMs } from '../library.ts';
import { keyvNonBlocking, keyvRedis } from './keyv.ts';

export const cacheManager: Library = {
  name: 'cache-manager 7.2',
  use: 'one Keyv store with @keyv/redis, a ttl; getOrSet is wrap(); it has no tags',
  tuning: 'createKeyvNonBlocking() and nonBlocking',
  async open(place, { tuned } = { tuned: false }) {
    const store = tuned ? keyvNonBlocking(place) : new Keyv({ store: keyvRedis(place) });
    store.on('error', () => {});
    const cache = createCache({ stores: [store], ttl: ttlMs, nonBlocking: tuned });
    const plain: Entries = { getOrSet: (key, load) => cache.wrap(key, load) };
    return {
      ...plain,
      whole: { ...plain, invalidate: () => cache.clear() },
      delete: (key) => cache.del(key),
      deleteMany: (keys) => cache.mdel([...keys]),
      close: () => cache.disconnect(),
    };
  },
};
