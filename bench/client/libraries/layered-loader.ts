import { GroupLoader, Loader, RedisCache, RedisGroupCache } from 'layered-loader';
import { type Entries, type Library, type Load, tag, ttlMs } from '../library.ts';
import { ioredis6 } from './ioredis.ts';

interface Asked {
  readonly key: string;
  readonly load: Load;
}

const common = {
  cacheKeyFromLoadParamsResolver: ({ key }: Asked) => key,
  // The default one writes to the console.
  logger: { error: () => {} },
};

const groupSource = {
  name: 'source',
  getFromGroup: ({ load }: Asked) => load(),
  getManyFromGroup: () => Promise.reject(new Error('not asked for')),
};

const redisOptions = { json: true, ttlInMsecs: ttlMs };

export const layeredLoader: Library = {
  name: 'layered-loader 16.1',
  use: 'RedisCache (ioredis 6) with json and a ttl, no memory tier; the loader is handed through the load parameters, tags are groups',
  tuning: 'commandTimeout of 150 ms and maxRetriesPerRequest of 1 for ioredis',
  async open(place, { tuned } = { tuned: false }) {
    const redis = await ioredis6(place, tuned);
    const loader = new Loader<unknown, Asked>({
      ...common,
      dataSourceGetOneFn: ({ load }) => load(),
      asyncCache: new RedisCache(redis, { ...redisOptions, prefix: 'plain' }),
    });
    const groups = new GroupLoader<unknown, Asked>({
      ...common,
      dataSources: [groupSource],
      asyncCache: new RedisGroupCache(redis, {
        ...redisOptions,
        prefix: 'tagged',
        groupTtlInMsecs: 2 * ttlMs,
      }),
    });
    const plain: Entries = { getOrSet: (key, load) => loader.get({ key, load }) };
    return {
      ...plain,
      whole: { ...plain, invalidate: () => loader.invalidateCache() },
      tagged: {
        getOrSet: (key, load) => groups.get({ key, load }, tag),
        invalidate: () => groups.invalidateCacheForGroup(tag),
      },
      delete: (key) => loader.invalidateCacheFor(key),
      deleteMany: (keys) => loader.invalidateCacheForMany([...keys]),
      close: async () => redis.disconnect(),
    };
  },
};
