import { connectRedis, RedisError } from '../src/index.js';

const redis = await connectRedis({
  onError: (error) => process.stderr.write(`Redis: ${error.message}\n`),
});

process.once('SIGTERM', async () => {
  // Lets what is under way end, for five seconds at most.
  await redis.close();
});

try {
  await redis.direct.set('greeting', 'hello', { ttlMs: 60_000 });
} catch (error) {
  // Codes are stable, messages are not.
  if (error instanceof RedisError && error.code === 'redis/deadline') process.exitCode = 1;
  else throw error;
}
