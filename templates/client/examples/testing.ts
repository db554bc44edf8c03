import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectRedis, type Redis, startRedis, type TestRedis } from '../src/index.js';

let servers: TestRedis;
let redis: Redis;

before(async () => {
  // A real stack of the same topology, on free ports of this machine.
  servers = await startRedis();
  redis = await connectRedis({ env: servers.env });
});

after(async () => {
  await redis.close();
  await servers.stop();
});

test('a write waits for a server that is restarted', async () => {
  await servers.kill();
  const write = redis.direct.set('greeting', 'hello');
  await servers.restart();
  await write;
  assert.equal(await redis.direct.get('greeting'), 'hello');
});
