import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startCluster } from '../../../tests/support/groups.ts';
import { stolenMs, watchMachine } from '../../../tests/support/machine.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import type { ChannelKind, RedisPort } from '../src/port.js';
import { openRedis, type RedisOptions } from '../src/redis.js';
import { libraries } from './contract/libraries.ts';
import { publish } from './forward.ts';
import { timed } from './loader.ts';
import { clusterStack, env, generatedUser, standaloneStack } from './stacks.ts';

const engine = newest('redis');
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };
const own: Definition<() => Promise<RedisPort>> = { name: 'own', open: ({ connectOwn }) => connectOwn };
const kinds: readonly (readonly [ChannelKind, string, string])[] = [
  ['channel', 'PUBLISH', 'test:channel'],
  ['pattern', 'PUBLISH', 'test:pattern:1'],
  ['shard', 'SPUBLISH', 'test:shard'],
];

async function withServer(): Promise<Server> {
  const server = await startServer({ engine, directives: generatedUser(engine) });
  onTestFinished(() => server.dispose());
  return server;
}

/** The application's connections, and how they came to be. */
const connections = async (server: Server) =>
  (await server.cli('CLIENT', 'LIST')).split('\n').filter((line) => /user=app /.test(line));
const idOf = (port: RedisPort, key = 'test:k') => port.call(key, ['CLIENT', 'ID']);

describe.each(libraries)('$name', (library) => {
  const openOn = async (server: Pick<Server, 'port'>, options: RedisOptions = {}) => {
    const redis = await openRedis(library.standalone, standaloneStack(server), { env, ...options });
    onTestFinished(() => redis.close({ drainMs: 100 }));
    return redis;
  };
  const openHushable = async (server: Server) => {
    const published = await publish([server]);
    onTestFinished(() => published.close());
    const [at] = published.view(1).addresses;
    return { ...published, redis: await openOn(at ?? server) };
  };

  const openToLose = async (kind: 'standalone' | 'cluster') => {
    if (kind === 'standalone') {
      const victim = await withServer();
      return { victim, redis: await openOn(victim) };
    }
    const directives = generatedUser(engine);
    const cluster = await startCluster({ engine, shards: 3, replicas: 0, directives });
    onTestFinished(() => cluster.stop());
    const redis = await openRedis(library.cluster, clusterStack(cluster.nodes), { env });
    onTestFinished(() => redis.close({ drainMs: 100 }));
    return { victim: await cluster.primary('test:k'), redis };
  };

  test('connections that fall silent are replaced, and what waited on them is asked again', async () => {
    const server = await withServer();
    const { redis, hush } = await openHushable(server);
    const port = redis.use(bare);
    const before = await connections(server);
    hush();
    const waiting = port.call('test:k', ['SET', 'test:k', 'lost']).catch((error: unknown) => error);
    await redis.direct.set('k', 'kept');
    expect(await server.cli('GET', 'test:k')).toBe('kept');
    expect(await waiting).toMatchObject({ code: 'redis/unreachable' });
    await until('as many connections as before', async () => {
      const now = await connections(server);
      return now.length === before.length && now.every((one) => !before.includes(one));
    });
  });

  test('subscriptions come along: nothing is heard twice, and nothing is missed but what was said meanwhile', async () => {
    const server = await withServer();
    const publisher = (await openOn(server)).use(bare);
    const { redis, hush } = await openHushable(server);
    const port = redis.use(bare);
    const heard: Record<ChannelKind, number[]> = { channel: [], pattern: [], shard: [] };
    const ends = new Map<ChannelKind, () => Promise<void>>();
    for (const [kind, , channel] of kinds) {
      const name = kind === 'pattern' ? 'test:pattern:*' : channel;
      ends.set(kind, await port.subscribe(kind, name, (text) => heard[kind].push(Number(text))));
    }
    const until10 = (what: string) => {
      const had = kinds.map(([kind]) => heard[kind].length);
      return until(what, () => kinds.every(([kind], index) => heard[kind].length > (had[index] ?? 0) + 10));
    };
    let isSpeaking = true;
    const speaking = (async () => {
      for (let number = 0; isSpeaking; number++) {
        for (const [, command, channel] of kinds)
          await publisher.call(channel, [command, channel, `${number}`]);
        await sleep(2);
      }
    })();
    await until10('they are heard');
    hush();
    const lastBefore = kinds.map(([kind]) => heard[kind].at(-1) ?? 0);
    await until10('they are heard again');
    isSpeaking = false;
    await speaking;
    for (const [index, [kind]] of kinds.entries()) {
      const numbers = heard[kind];
      const gaps = numbers.slice(1).filter((number, at) => number !== (numbers[at] ?? 0) + 1);
      // One gap, right after the last word that got through.
      expect(gaps).toHaveLength(1);
      expect(numbers[numbers.indexOf(gaps[0] ?? 0) - 1]).toBeGreaterThanOrEqual(lastBefore[index] ?? 0);
    }
    await ends.get('channel')?.();
    const silent = heard.channel.length;
    await publisher.call('test:channel', ['PUBLISH', 'test:channel', '0']);
    expect(await publisher.call('test:channel', ['PUBSUB', 'NUMSUB', 'test:channel'])).toEqual([
      'test:channel',
      0,
    ]);
    expect(heard.channel).toHaveLength(silent);
  });

  test('what is subscribed, or ended, during the silence is as asked for after it', async () => {
    const server = await withServer();
    const publisher = (await openOn(server)).use(bare);
    const { redis, hush } = await openHushable(server);
    const port = redis.use(bare);
    const heard: string[] = [];
    const end = await port.subscribe('channel', 'test:old', (text) => heard.push(text));
    hush();
    const [ending, beginning] = [end(), port.subscribe('channel', 'test:new', (text) => heard.push(text))];
    await Promise.all([ending, beginning]);
    await publisher.call('test:old', ['PUBLISH', 'test:old', 'old']);
    await publisher.call('test:new', ['PUBLISH', 'test:new', 'new']);
    await until('the new one is heard', () => heard.includes('new'));
    expect(heard).toEqual(['new']);
  });

  test('as long as nobody has taken over from a frozen primary, the others are not disturbed', async () => {
    const directives = [...generatedUser(engine), ['cluster-require-full-coverage', 'no']];
    const cluster = await startCluster({ engine, shards: 3, replicas: 0, nodeTimeoutMs: 1000, directives });
    onTestFinished(() => cluster.stop());
    const redis = await openRedis(library.cluster, clusterStack(cluster.nodes), { env });
    onTestFinished(() => redis.close({ drainMs: 100 }));
    const port = redis.use(bare);
    const keys = Array.from({ length: 40 }, (_, index) => `test:${index}`);
    const frozen = await cluster.primary('test:0');
    const shard = port.shardOf('test:0');
    const healthy = keys.find((key) => port.shardOf(key) !== shard) ?? '';
    const before = await idOf(port, healthy);
    frozen.freeze();
    const frozenAt = performance.now();
    while (performance.now() < frozenAt + 6000) {
      expect(await idOf(port, healthy)).toBe(before);
      await sleep(50);
    }
    frozen.thaw();
    await redis.direct.set('0', 'yes');
    await cluster.settled();
    await redis.ping();
  });

  test('closing while connections are being replaced leaves none behind', async () => {
    const server = await withServer();
    const redis = await openOn(server);
    server.freeze();
    await sleep(3000);
    const closing = await timed(() => redis.close({ drainMs: 300 }));
    expect(closing.ms).toBeLessThan(5000);
    server.thaw();
    await until('there are no connections', async () => (await connections(server)).length === 0);
    await sleep(1000);
    expect(await connections(server)).toEqual([]);
  });

  test.each(['standalone', 'cluster'] as const)(
    'a server of a %s that is gone leaves the process time for everything else',
    async (kind) => {
      await watchMachine();
      const { redis, victim } = await openToLose(kind);
      let last = performance.now();
      let longest = [last, last] as const;
      const clock = setInterval(() => {
        const now = performance.now();
        if (now - last > longest[1] - longest[0]) longest = [last, now];
        last = now;
      }, 5);
      onTestFinished(() => clearInterval(clock));
      await victim.kill();
      // Asking a closed port over and over without a pause blocks for as long as it is done: two seconds.
      await sleep(1500);
      const [from, to] = longest;
      expect(to - from - (await stolenMs(from, to))).toBeLessThan(500);
      await victim.restart();
      await redis.direct.set('k', 'back');
    },
  );

  test('a command that waits on the server is not taken for silence, nor is a busy process', async () => {
    const server = await withServer();
    const redis = await openOn(server);
    const [port, waiting] = [redis.use(bare), await redis.use(own)()];
    const before = [await idOf(port), await idOf(waiting)];
    for (let round = 0; round < 4; round++)
      expect(await waiting.call('test:none', ['BLPOP', 'test:none', '1'])).toBeNull();
    for (let round = 0; round < 2; round++) {
      const from = performance.now();
      while (performance.now() < from + 2500);
      await sleep(600);
    }
    expect([await idOf(port), await idOf(waiting)]).toEqual(before);
  });

  test('an idle process asks little', async () => {
    const server = await withServer();
    await openOn(server);
    const count = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await server.cli('INFO', 'stats'))?.[1]);
    await sleep(500);
    const before = await count();
    await sleep(4000);
    const asked = (await count()) - before - 1;
    process.stdout.write(`${library.name}: ${asked / 4} commands a second from an idle process\n`);
    expect(asked).toBeLessThan(4 * 6);
  });
});
