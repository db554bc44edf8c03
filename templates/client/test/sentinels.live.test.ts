import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type SentinelGroup, startSentinelGroup } from '../../../tests/support/groups.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import type { RedisPort } from '../src/port.js';
import { openRedis } from '../src/redis.js';
import { libraries } from './contract/libraries.ts';
import { timed } from './loader.ts';
import { env, generatedSentinelRules, generatedUser, sentinelPassword, sentinelStack } from './stacks.ts';
import { writeOnwards } from './writer.ts';

const engine = newest('redis');
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };

describe.each(libraries)('Sentinels that fail, $name', ({ sentinel: connect }) => {
  let group: SentinelGroup;
  beforeAll(async () => {
    group = await startSentinelGroup({
      engine,
      replicas: 1,
      sentinels: 3,
      directives: generatedUser(engine),
    });
    const rules = generatedSentinelRules(engine);
    for (const sentinel of group.sentinels)
      await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
  });
  afterEach(() => group.heal());
  afterAll(() => group?.stop());
  const open = async (name = group.primaryName) => {
    const redis = await openRedis(connect, sentinelStack(group.sentinels, name), {
      env,
      connectWithinMs: 8000,
    });
    onTestFinished(() => redis.close({ drainMs: 300 }));
    return redis;
  };

  test('one that hangs and one that is gone keep nobody from connecting', async () => {
    const [hanging, gone] = group.sentinels;
    hanging?.freeze();
    await gone?.kill();
    const opening = await timed(() => open());
    await opening.value.direct.set('k', 'v');
    expect(opening.ms).toBeLessThan(8000);
  });

  test('a name that they do not know says so', async () => {
    const stack = sentinelStack(group.sentinels, 'unheard-of');
    await expect(openRedis(connect, stack, { env, connectWithinMs: 1000 })).rejects.toMatchObject({
      code: 'redis/unreachable',
    });
  });

  test('one that slept through a failover, and is all that answers, leads nobody back', async () => {
    await until('the Sentinels agree again', () =>
      group.sentinels[0]?.cli('SENTINEL', 'CKQUORUM', group.primaryName),
    );
    const redis = await open();
    const writer = writeOnwards(redis.direct);
    const [asleep, ...awake] = group.sentinels;
    const old = await group.agreedPrimary();
    asleep?.freeze();
    await until('a failover is begun', () => awake[0]?.cli('SENTINEL', 'FAILOVER', group.primaryName));
    await until('the new primary is used', () => redis.use(bare).primaries()[0]?.port !== old.port);
    await writer.acknowledgedSince(20);
    for (const one of awake) one.freeze();
    asleep?.thaw();
    const port = redis.use(bare);
    const id = await port.call('test:k', ['CLIENT', 'ID']);
    for (let round = 0; round < 30; round++) {
      expect(await port.call('test:k', ['CLIENT', 'ID'])).toBe(id);
      expect(port.primaries()[0]?.port).not.toBe(old.port);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const one of awake) one.thaw();
    expect((await writer.stop()).errors).toEqual([]);
  });
});
