import { connectRedis, startRedis } from '../src/index.js';

/** For a test: the application must go on when the server dies and comes back. */
export async function example(work: (redis: Awaited<ReturnType<typeof connectRedis>>) => Promise<void>) {
  // Real servers, with the topology of the stack, on free ports of this machine; they end with the test.
  const servers = await startRedis();
  const redis = await connectRedis({ env: servers.env });
  try {
    await work(redis);
    await servers.kill();
    await servers.restart();
    await work(redis);
  } finally {
    await redis.close();
    await servers.stop();
  }
}
