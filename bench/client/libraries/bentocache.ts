import { BentoCache, bentostore } from 'bentocache';
import { redisDriver } from 'bentocache/drivers/redis';
import { type Entries, type Library, tag, ttlMs } from '../library.ts';
import { ioredis } from './ioredis.ts';

export const bentocache: Library = {
  name: 'bentocache 1.6',
  use: 'one store with a Redis layer (ioredis 5), a ttl; clear() is clear(), tags are deleteByTag()',
  tuning:
    'commandTimeout of 150 ms and maxRetriesPerRequest of 1 for ioredis, suppressL2Errors and l2CircuitBreakerDuration of 1 s',
  async open(place, { tuned } = { tuned: false }) {
    const connection = await ioredis(place, tuned);
    const bento = new BentoCache({
      default: 'main',
      ttl: ttlMs,
      ...(tuned ? { suppressL2Errors: true, l2CircuitBreakerDuration: 1000 } : {}),
      stores: { main: bentostore().useL2Layer(redisDriver({ connection })) },
    });
    const plain: Entries = { getOrSet: (key, load) => bento.getOrSet({ key, factory: load }) };
    return {
      ...plain,
      whole: { ...plain, invalidate: () => bento.clear() },
      tagged: {
        getOrSet: (key, load) => bento.getOrSet({ key, factory: load, tags: [tag] }),
        invalidate: () => bento.deleteByTag({ tags: [tag] }),
      },
      delete: (key) => bento.delete({ key }),
      deleteMany: (keys) => bento.deleteMany({ keys: [...keys] }),
      close: () => bento.disconnect(),
    };
  },
};
