import { defineKeyspaces, type LeaderboardEntry, leaderboard, type Redis } from '../src/index.js';

export const keyspaces = defineKeyspaces({
  weekly: leaderboard<string>({
    name: 'weekly',
    key: (week) => [week],
    // From the first score of a week on.
    ttlMs: 14 * 24 * 60 * 60_000,
  }),
});

export async function example(redis: Redis): Promise<readonly LeaderboardEntry[]> {
  const { weekly } = await redis.open(keyspaces);
  // The better one of two scores stands, whoever submits first.
  await weekly.submit('2026-w47', 'ada', 120);
  await weekly.submit('2026-w47', 'grace', 300);
  const podium = await weekly.top('2026-w47', 3);
  const near = await weekly.around('2026-w47', 'ada', 2);
  return [...podium, ...near, ...(await weekly.between('2026-w47', { from: 100, to: 200 }))];
}
