import { cache } from '../../templates/client/src/cache-aside.js';
import { connect as connectCluster } from '../../templates/client/src/connect.cluster.js';
import { connect as connectStandalone } from '../../templates/client/src/connect.standalone.js';
import type { StackDescription } from '../../templates/client/src/description.js';
import { openRedis, type Redis, type RedisOptions } from '../../templates/client/src/redis.js';
import { addressesOf, type Group, type Library, type Place, tag, ttlMs } from './library.ts';

const env = { BENCH_PASSWORD: 'bench' };

/** The user of the module; every other library uses the default one. */
export const directives = [['user', 'bench', 'on', `>${env.BENCH_PASSWORD}`, '~*', '&*', '+@all']];

const plain = cache<string, unknown>({ name: 'plain', key: (id) => [id], ttlMs });
const tagged = cache<string, unknown>({ name: 'tagged', key: (id) => [id], ttlMs, tags: () => [tag] });

/** Connects the emitted client, on its own defaults. */
export function openOurs(place: Place, options: RedisOptions = {}): Promise<Redis> {
  const view = { addresses: addressesOf(place), addressMap: {} };
  const stack = {
    name: 'bench',
    keyPrefix: 'bench:',
    user: 'bench',
    passwordEnv: 'BENCH_PASSWORD',
    host: view,
    network: view,
  } satisfies Omit<StackDescription, 'kind'>;
  return place.kind === 'cluster'
    ? openRedis(connectCluster, { kind: 'cluster', ...stack }, { env, ...options })
    : openRedis(connectStandalone, { kind: 'standalone', ...stack }, { env, ...options });
}

export const ours: Library = {
  name: 'ours',
  use: 'cache() on its defaults (node-redis 6), a ttl; many are deleted by one invalidate() each, all by invalidateTag() of a tag that they share',
  tuning: 'nothing',
  async open(place) {
    const redis = await openOurs(place, { writeWithinMs: 5000 });
    const entries = redis.use(plain);
    const inTag = redis.use(tagged);
    const group: Group = {
      getOrSet: (key, load) => inTag.getOrSet(key, load),
      invalidate: () => inTag.invalidateTag(tag),
    };
    return {
      getOrSet: (key, load) => entries.getOrSet(key, load),
      tagged: group,
      whole: group,
      delete: (key) => entries.invalidate(key),
      deleteMany: (keys) => Promise.all(keys.map((key) => entries.invalidate(key))),
      close: () => redis.close({ drainMs: 500 }),
    };
  },
};
