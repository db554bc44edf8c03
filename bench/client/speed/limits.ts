import { RateLimiterRedis } from 'rate-limiter-flexible';
import { rateLimit } from '../../../templates/client/src/rate-limits.js';
import { compare } from '../rounds.ts';
import type { Ground } from '../servers.ts';
import { at, bareClient, ids, patientOurs } from './client.ts';

const many = 1e9;
const common = { key: (id: string) => [id], limit: many, perMs: 60_000 };
const gcra = rateLimit<string>({ name: 'gcra', ...common, algorithm: 'gcra' });
const fixed = rateLimit<string>({ name: 'fixed', ...common, algorithm: 'fixed' });

/** A check that lets through, beside one of another library through the same client library. */
export async function limits({ place }: Ground): Promise<void> {
  const client = await bareClient(place);
  const redis = await patientOurs(place);
  const limiter = new RateLimiterRedis({
    storeClient: client,
    useRedisPackage: true,
    points: many,
    duration: 60,
  });
  for (const [name, definition] of Object.entries({ gcra, fixed })) {
    const limit = redis.use(definition);
    if ((await limit.check(at(ids, 0))).isGuess) throw new Error('Redis is not asked.');
    for (const inFlight of [500, 50])
      await compare(`rate limit, ${name}, ${inFlight} in flight`, {
        ours: { name: 'check', inFlight, op: (turn) => limit.check(at(ids, turn)) },
        theirs: {
          name: 'consume of rate-limiter-flexible',
          inFlight,
          op: (turn) => limiter.consume(at(ids, turn)),
        },
        aim: 1,
      });
  }
  await redis.close();
  client.destroy();
}
