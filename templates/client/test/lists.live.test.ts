import { expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startServer } from '../../../tests/support/servers.ts';
import { connect } from '../src/connect.standalone.js';
import { itemStack } from '../src/lists.js';
import { openRedis } from '../src/redis.js';
import { openLossyDoor } from './lossy-door.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

test('lost answers add and take nothing twice, and what they leave ends soon', async () => {
  const engine = newest('redis');
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const door = await openLossyDoor(server.port);
  const redis = await openRedis(connect, standaloneStack(door), { env, writeWithinMs: 3000 });
  onTestFinished(async () => {
    await redis.close({ drainMs: 200 });
    door.close();
  });
  const stack = redis.use(itemStack<string, number>({ name: 'lossy', key: (id) => [id], ttlMs: 60_000 }));
  for (const item of [1, 2, 3]) {
    door.loseAnswerTo('EVALSHA');
    expect(await stack.push('a', item)).toBe(item);
    expect(door.hasLost()).toBe(true);
  }
  for (const item of [3, 2, 1]) {
    door.loseAnswerTo('EVALSHA');
    expect(await stack.pop('a')).toBe(item);
    expect(door.hasLost()).toBe(true);
  }
  expect(await stack.pop('a')).toBeNull();
  const receipts = (await server.cli('KEYS', '*')).split('\n');
  expect(receipts).toHaveLength(6);
  for (const key of receipts) {
    const left = Number(await server.cli('PTTL', key));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(3000);
  }
});
