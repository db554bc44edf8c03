import { cache, defineKeyspaces, type Redis } from '../src/index.js';

interface Article {
  readonly title: string;
  readonly author: string;
}

export const keyspaces = defineKeyspaces({
  article: cache<string, Article>({
    name: 'article',
    version: 2,
    key: (slug) => [slug],
    ttlMs: 10 * 60_000,
    // For an hour more, a copy is served when the loader fails or takes longer than 200 ms.
    graceMs: 60 * 60_000,
    softTimeoutMs: 200,
    hardTimeoutMs: 5000,
    tags: () => ['articles'],
  }),
});

export async function example(
  redis: Redis,
  database: { findArticle(slug: string, signal: AbortSignal): Promise<Article | null> },
): Promise<Article | null> {
  const { article } = await redis.open(keyspaces);
  // `null` means that there is none, which is remembered for ten seconds.
  const found = await article.getOrSet('hello', ({ signal }) => database.findArticle('hello', signal));
  // After a change of the source, and not before it:
  await article.invalidate('hello');
  await article.invalidateTag('articles');
  return found;
}
