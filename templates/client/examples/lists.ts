import { defineKeyspaces, itemStack, type Redis, recentList } from '../src/index.js';

interface Edit {
  readonly field: string;
  readonly before: string;
}

export const keyspaces = defineKeyspaces({
  viewed: recentList<string, string>({
    name: 'viewed',
    key: (user) => [user],
    max: 20,
    ttlMs: 30 * 24 * 3600_000,
  }),
  undo: itemStack<string, Edit>({ name: 'undo', key: (draft) => [draft], ttlMs: 24 * 3600_000 }),
});

export async function example(redis: Redis): Promise<Edit | null> {
  const { viewed, undo } = await redis.open(keyspaces);
  await viewed.add('ann', 'article 7', 'article 9');
  // The newest first.
  const [latest] = await viewed.list('ann', 5);
  await undo.push('draft 1', { field: 'title', before: latest ?? '' });
  return undo.pop('draft 1');
}
