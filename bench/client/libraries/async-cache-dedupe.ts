import { createCache } from 'async-cache-dedupe';
import { type Entries, type Library, type Load, tag, ttlMs } from '../library.ts';
import { ioredis } from './ioredis.ts';

interface Asked {
  readonly key: string;
  readonly load: Load;
}

const serialize = ({ key }: Asked) => key;

export const asyncCacheDedupe: Library = {
  name: 'async-cache-dedupe 3.4',
  use: 'Redis storage (ioredis 5) with invalidation on, a ttl; the loader is handed through the argument, tags are references',
  tuning: 'commandTimeout of 150 ms and maxRetriesPerRequest of 1 for ioredis',
  async open(place, { tuned } = { tuned: false }) {
    const client = (await ioredis(place, tuned)) as never;
    const seconds = ttlMs / 1000;
    const cache = createCache({
      ttl: seconds,
      storage: { type: 'redis', options: { client, invalidation: { referencesTTL: seconds } } },
    })
      .define('plain', { serialize }, ({ load }: Asked) => load())
      .define('tagged', { serialize, references: () => [tag] }, ({ load }: Asked) => load());
    const plain: Entries = { getOrSet: (key, load) => cache.plain({ key, load }) };
    return {
      ...plain,
      whole: { ...plain, invalidate: () => cache.clear('plain') },
      tagged: {
        getOrSet: (key, load) => cache.tagged({ key, load }),
        invalidate: () => cache.invalidateAll(tag),
      },
      delete: (key) => cache.clear('plain', { key }),
      deleteMany: (keys) => Promise.all(keys.map((key) => cache.clear('plain', { key }))),
      close: async () => (client as { disconnect(): void }).disconnect(),
    };
  },
};
