import { defineKeyspaces, type Redis, rateLimit } from '../src/index.js';

export const keyspaces = defineKeyspaces({
  // Three tries at once, then one every twelve seconds; without Redis, each process counts alone.
  login: rateLimit<string>({
    name: 'login',
    key: (address) => [address],
    limit: 5,
    perMs: 60_000,
    burst: 3,
    whenAway: 'local',
  }),
});

export async function example(redis: Redis): Promise<Readonly<Record<string, string>>> {
  const { login } = await redis.open(keyspaces);
  const { allowed, limit, remaining, retryAfterMs, resetMs } = await login.check('203.0.113.7');
  // After a login that was right: `await login.reset('203.0.113.7')`.
  return {
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(Math.ceil(resetMs / 1000)),
    ...(allowed ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
  };
}
