import { afterEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type SentinelGroup, startSentinelGroup } from '../../../tests/support/groups.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import { luaScript } from '../src/lua.js';
import { openRedis, type Redis } from '../src/redis.js';
import { timed } from './loader.ts';
import { openLossyDoor } from './lossy-door.ts';
import {
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

const engine = newest('redis');
const directives = generatedUser(engine);

/** Counts, and remembers how often under which name. */
const counted = luaScript({
  name: 'counted',
  key: (id: string) => [id],
  suffixes: () => ['names'],
  lua: `redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[2], 60000)
return redis.call('INCR', KEYS[1])`,
  args: (name: string) => [name],
  decode: Number,
});

describe('scripts of one’s own', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const opened = (redis: Redis): Redis => {
    ends.push(() => redis.close({ drainMs: 200 }));
    return redis;
  };
  const serverOf = async (): Promise<Server> => {
    const server = await startServer({ engine, directives });
    ends.push(() => server.dispose());
    return server;
  };

  test('a restart in between is waited for, and the script is sent again', async () => {
    const server = await serverOf();
    const script = opened(await openRedis(connect, standaloneStack(server), { env })).use(counted);
    expect(await script.run('a', 'before')).toBe(1);
    await server.kill();
    const during = script.run('a', 'during');
    await server.restart();
    expect(await during).toBe(1);
    expect(await script.run('a', 'after')).toBe(2);
  });

  test('a replica that takes over has never seen the script', async () => {
    const group: SentinelGroup = await startSentinelGroup({ engine, replicas: 1, sentinels: 3, directives });
    ends.push(() => group.stop());
    const rules = generatedSentinelRules(engine);
    for (const sentinel of group.sentinels)
      await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
    const stack = sentinelStack(group.sentinels, group.primaryName);
    const script = opened(await openRedis(connectSentinel, stack, { env })).use(counted);
    expect(await script.run('a', 'before')).toBe(1);
    const old = await group.agreedPrimary();
    await old.kill();
    const during = script.run('a', 'during');
    await group.failedOver(old);
    expect(await during).toBeGreaterThanOrEqual(1);
    const before = await script.run('b', 'after');
    expect(await script.run('b', 'after')).toBe(before + 1);
  });

  test('a lost answer runs the script again: at least once', async () => {
    const server = await serverOf();
    const door = await openLossyDoor(server.port);
    ends.push(async () => door.close());
    const script = opened(await openRedis(connect, standaloneStack({ port: door.port }), { env })).use(
      counted,
    );
    await script.run('known', 'known');
    door.loseAnswerTo('counted:{a}');
    expect(await script.run('a', 'twice')).toBe(2);
    expect(door.hasLost()).toBe(true);
    expect(await server.cli('HGET', 'test:counted:{a}:names', 'twice')).toBe('2');
  });

  test('frozen: it ends in time, and says so', async () => {
    const server = await serverOf();
    const options = { env, writeWithinMs: 500 };
    const script = opened(await openRedis(connect, standaloneStack(server), options)).use(counted);
    server.freeze();
    const { value, ms } = await timed(() => script.run('a', 'late').catch((error: unknown) => error));
    expect(value).toMatchObject({ code: 'redis/deadline' });
    expect(ms).toBeLessThan(5000);
    server.thaw();
  });
});
