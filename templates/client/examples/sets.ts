import { defineKeyspaces, memberSet, type Redis } from '../src/index.js';

export const keyspaces = defineKeyspaces({
  articlesWith: memberSet<string>({
    name: 'articles-with',
    key: (tag) => [tag],
    ttlMs: 7 * 24 * 60 * 60_000,
    // Every article that is added begins the week anew.
    ttlFrom: 'last-write',
    // In one slot, so that they can be combined on a cluster as well.
    together: true,
  }),
});

export async function example(redis: Redis): Promise<string[]> {
  const { articlesWith } = await redis.open(keyspaces);
  await articlesWith.add('redis', 'a-1', 'a-2', 'a-3');
  await articlesWith.add('cluster', 'a-2', 'a-3');
  await articlesWith.remove('cluster', 'a-3');
  const [either] = await articlesWith.random('redis');
  const both = await articlesWith.intersection('redis', 'cluster');
  return either === undefined ? both : [either, ...both];
}
