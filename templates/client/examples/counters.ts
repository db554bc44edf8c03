import { counter, defineKeyspaces, extremum, flags, type Redis } from '../src/index.js';

const dayMs = 24 * 60 * 60_000;

export const keyspaces = defineKeyspaces({
  views: counter<string>({ name: 'views', key: (page) => [page], ttlMs: 30 * dayMs }),
  // One bit for each numbered user.
  activeOn: flags<string>({ name: 'active-on', key: (date) => [date], ttlMs: 90 * dayMs }),
  peak: extremum<string>({ name: 'peak', key: (sensor) => [sensor], ttlMs: dayMs, keep: 'greatest' }),
});

export async function example(redis: Redis) {
  const { views, activeOn, peak } = await redis.open(keyspaces);
  const sum = await views.add('home');
  await activeOn.set('2026-11-22', 1042);
  // Whichever process is first, the highest number stands.
  const { value, changed } = await peak.offer('boiler', 81.5);
  return { sum, active: await activeOn.count('2026-11-22'), peak: value, isNewPeak: changed };
}
