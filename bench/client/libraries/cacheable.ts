import { Cacheable } from 'cacheable';
import { type Entries, type Library, type Load, tag, ttlMs } from '../library.ts';
import { keyvNonBlocking, keyvRedis } from './keyv.ts';

export const cacheable: Library = {
  name: 'cacheable 2.5',
  use: 'memory first and @keyv/redis second, a ttl, tags on; its getOrSet takes no tags, so tagged entries are get(), load, set() with tags',
  tuning: 'createKeyvNonBlocking() and nonBlocking',
  async open(place, { tuned } = { tuned: false }) {
    const secondary = tuned ? keyvNonBlocking(place) : keyvRedis(place);
    const cache = new Cacheable({ secondary, ttl: ttlMs, tags: true, nonBlocking: tuned });
    cache.on('error', () => {});
    const plain: Entries = { getOrSet: (key, load) => cache.getOrSet(key, load) };
    return {
      ...plain,
      whole: { ...plain, invalidate: () => cache.clear() },
      tagged: {
        getOrSet: (key, load) => getOrSetTagged(cache, key, load),
        invalidate: () => cache.tags.invalidateTag(tag),
      },
      delete: (key) => cache.delete(key),
      deleteMany: (keys) => cache.deleteMany([...keys]),
      close: () => cache.disconnect(),
    };
  },
};

async function getOrSetTagged(cache: Cacheable, key: string, load: Load): Promise<unknown> {
  const cached = await cache.get(key);
  if (cached !== undefined) return cached;
  const value = await load();
  await cache.set(key, value, { tags: [tag] });
  return value;
}
