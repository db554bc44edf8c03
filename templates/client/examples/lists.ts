import { defineKeyspaces, itemStack, type Redis, recentList } from '../src/index.js';

interface Step {
  readonly undo: string;
}

export const keyspaces = defineKeyspaces({
  viewed: recentList<string, string>({
    name: 'viewed',
    key: (user) => [user],
    ttlMs: 30 * 24 * 60 * 60_000,
    max: 20,
    // What is viewed again moves to the front.
    distinct: true,
  }),
  steps: itemStack<string, Step>({
    name: 'steps',
    key: (draft) => [draft],
    ttlMs: 24 * 60 * 60_000,
    max: 100,
  }),
});

export async function example(redis: Redis): Promise<{ products: string[]; last: Step | null }> {
  const { viewed, steps } = await redis.open(keyspaces);
  await viewed.add('ann', 'teapot', 'kettle');
  await steps.push('draft-7', { undo: 'insert a line' }, { undo: 'delete a word' });
  return { products: await viewed.list('ann', 5), last: await steps.pop('draft-7') };
}
