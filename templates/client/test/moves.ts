import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startSentinelGroup } from '../../../tests/support/groups.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import type { StackDescription } from '../src/description.js';
import { localCache } from '../src/local-tier.js';
import type { Connect, RedisPort } from '../src/port.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import { script } from '../src/scripts.js';
import { slotOf } from '../src/slot.js';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  password,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';
import * as switches from './switches.ts';
import { startTraffic } from './traffic.ts';

const engine = newest('redis');
const user = generatedUser(engine);
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };
const own: Definition<() => Promise<RedisPort>> = { name: 'own', open: ({ connectOwn }) => connectOwn };
const localDefinition = { name: 'local', key: (id: string) => [id], ttlMs: 60_000, localMs: 60_000 };
const double = script(`return redis.call('GET', KEYS[1]) .. redis.call('GET', KEYS[1])`, String);
const { announcementKey, announcementOf } = switches;

async function start(directives: readonly (readonly string[])[] = user): Promise<Server> {
  const server = await startServer({ engine, directives });
  onTestFinished(() => server.dispose());
  return server;
}

async function ordersTo(server: Server) {
  const orders = await switches.ordersTo(server);
  onTestFinished(() => orders.close());
  return orders;
}

/** A group whose Sentinels have the application's user, as the generator writes them. */
async function startSentinels(replicas: number) {
  const group = await startSentinelGroup({ engine, replicas, sentinels: 3, directives: user });
  onTestFinished(() => group.stop());
  const rules = generatedSentinelRules(engine);
  for (const one of group.sentinels)
    await one.cli('ACL', 'SETUSER', 'watcher', 'on', `>${password}`, ...rules);
  return group;
}

/** Holds wherever a stack says that it has moved, for every library. */
export function holdThroughMoves(name: string, connect: Connect<StackDescription>): void {
  describe(name, () => {
    async function open(stack: StackDescription, options: RedisOptions = {}) {
      const errors: Error[] = [];
      const moves: string[] = [];
      const redis = await openRedis(connect, stack, {
        env,
        onError: (error) => void errors.push(error),
        observe: ({ what }) => what === 'moved' && void moves.push(what),
        ...options,
      });
      onTestFinished(() => redis.close({ drainMs: 500 }));
      return { redis, errors, moves };
    }
    const topologyOf = async (redis: Redis) => (await redis.health()).topology;
    const moved = (redis: Redis, kind: StackDescription['kind']) =>
      until(`it has moved to ${kind}`, async () => (await topologyOf(redis)) === kind, { everyMs: 5 });
    const report = (what: string, pausedMs: number, gapMs: number): void =>
      void process.stdout.write(
        `${name}, ${what}: paused for ${Math.round(pausedMs)} ms, no write for ${Math.round(gapMs)} ms\n`,
      );

    test.each([
      ['are answered', false],
      ['are ended', true],
    ])('standalone to a cluster of one, whose slots then move; old connections %s', async (_how, ends) => {
      const old = await start();
      const given = { ...env, REDIS_ADDRESSES: `127.0.0.1:${old.port}` };
      // A description that leads nowhere: the addresses that were given by hand are those of the old stack.
      const { redis, moves } = await open(standaloneStack({ port: 1 }), { env: given });
      const port = redis.use(bare);
      const worker = await redis.use(own)();
      const local = redis.use(localCache<string, number>(localDefinition));
      const heard: Record<string, string[]> = { channel: [], pattern: [], shard: [] };
      await port.subscribe('channel', 'test:channel', (text) => heard.channel?.push(text));
      await port.subscribe('pattern', 'test:p*', (text) => heard.pattern?.push(text));
      await port.subscribe('shard', 'test:shard', (text) => heard.shard?.push(text));
      await redis.direct.set('doubled', 'ab');
      expect(await port.run(double, ['test:doubled'], [])).toBe('abab');
      const traffic = startTraffic(redis);
      await traffic.goesOn();

      const next = await switches.startCrafted(engine, old, user);
      onTestFinished(() => next.dispose());
      await traffic.goesOn();
      const [from, to] = [await ordersTo(old), await ordersTo(next)];
      const stack = clusterStack([next]);
      traffic.gapMs();
      const pausedMs = await switches.switchOver({
        from,
        to,
        promote: async () => {
          await switches.takeOverCluster(to);
          await to.call('SET', announcementKey, announcementOf(stack));
        },
        demote: switches.becomeReplica(next, ends),
      });
      await moved(redis, 'cluster');
      await traffic.goesOn();
      report('standalone to cluster', pausedMs, traffic.gapMs());

      await switches.settleCluster(to);
      const second = await start([
        ['cluster-enabled', 'yes'],
        ['cluster-announce-ip', '127.0.0.1'],
        ['cluster-node-timeout', '2000'],
        ...user,
      ]);
      const mine = ['test:counter:0', 'test:unique:1:5', 'test:shard', announcementKey].map(slotOf);
      await switches.moveSlots(next, second, mine);
      await traffic.goesOn();
      report('slots move', 0, traffic.gapMs());

      expect(await port.run(double, ['test:doubled'], [])).toBe('abab');
      await until('the messages are heard', async () => {
        await port.call('test:channel', ['PUBLISH', 'test:channel', 'x']);
        await port.call('test:channel', ['PUBLISH', 'test:pattern', 'x']);
        await port.call('test:shard', ['SPUBLISH', 'test:shard', 'x']);
        return Object.values(heard).every((texts) => texts.length > 0);
      });
      expect(await worker.call('test:mark', ['SET', 'test:mark', '1'])).toBe('OK');
      await until('the own connection has moved', () => worker.stack().kind === 'cluster');
      await until('writes are heard of', async () => {
        await local.getOrSet('a', async () => 1);
        return local.stats().localHits > 0;
      });
      const other = await open(stack);
      await other.redis.use(localCache<string, number>(localDefinition)).invalidate('a');
      await until('a write was heard of', async () => (await local.getOrSet('a', async () => 2)) === 2);
      await traffic.settle();
      expect(moves).toEqual(['moved']);
      await until('nobody is left on the old server', async () => {
        const list = await old.cli('CLIENT', 'LIST');
        return !/user=app /.test(list);
      });
      expect(other.moves).toEqual([]);
    });

    test('standalone to Sentinel, which it then follows', async () => {
      const group = await startSentinels(1);
      const primary = await group.primary();
      const { redis, errors } = await open(standaloneStack(primary));
      const traffic = startTraffic(redis);
      await traffic.goesOn();
      traffic.gapMs();
      const stack = {
        ...sentinelStack(group.sentinels, group.primaryName),
        sentinelPasswordEnv: 'APP_PASSWORD',
      };
      await primary.cli('SET', announcementKey, announcementOf(stack));
      await moved(redis, 'sentinel');
      await traffic.goesOn();
      report('standalone to Sentinel', 0, traffic.gapMs());
      await traffic.settle();
      expect(errors).toEqual([]);
      await primary.kill();
      await redis.direct.set('after', 'failover');
      expect(await (await group.failedOver(primary)).cli('GET', 'test:after')).toBe('failover');
    });

    test.each([
      ['name the new one', true],
      ['know of none', false],
    ])('Sentinel to a cluster of one, where the Sentinels %s', async (how, isNamed) => {
      const group = await startSentinels(0);
      const old = await group.primary();
      const { redis } = await open({
        ...sentinelStack(group.sentinels, group.primaryName),
        sentinelPasswordEnv: 'APP_PASSWORD',
      });
      const traffic = startTraffic(redis);
      const next = await switches.startCrafted(engine, old, user);
      onTestFinished(() => next.dispose());
      await traffic.goesOn();
      await sleep(1100);
      const [from, to] = [await ordersTo(old), await ordersTo(next)];
      const watching = await Promise.all(group.sentinels.map(ordersTo));
      traffic.gapMs();
      const pausedMs = await switches.switchOver({
        from,
        to,
        promote: async () => {
          await switches.takeOverCluster(to);
          await to.call('SET', announcementKey, announcementOf(clusterStack([next])));
          for (const one of watching) {
            await one.call('SENTINEL', 'REMOVE', group.primaryName);
            if (isNamed)
              await one.call('SENTINEL', 'MONITOR', group.primaryName, '127.0.0.1', String(next.port), '2');
          }
        },
        demote: switches.becomeReplica(next, true),
      });
      await moved(redis, 'cluster');
      await traffic.goesOn();
      report(`Sentinels that ${how}`, pausedMs, traffic.gapMs());
      await traffic.settle();
    });

    test('cluster to standalone, announced before that takes over', async () => {
      const old = await start([['cluster-enabled', 'yes'], ['cluster-announce-ip', '127.0.0.1'], ...user]);
      await old.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      const { redis, errors } = await open(clusterStack([old]));
      const traffic = startTraffic(redis);
      await traffic.goesOn();
      const next = await start([['replicaof', '127.0.0.1', String(old.port)], ...user]);
      await switches.linked(next);
      const [from, to] = [await ordersTo(old), await ordersTo(next)];
      await from.call('SET', announcementKey, announcementOf(standaloneStack(next)));
      await traffic.goesOn();
      await sleep(1200);
      expect(await topologyOf(redis)).toBe('cluster');
      traffic.gapMs();
      const pausedMs = await switches.switchOver({
        from,
        to,
        promote: async () => void (await to.call('REPLICAOF', 'NO', 'ONE')),
        // It cannot replicate what is in no cluster, and refuses writes from now on.
        demote: async () => void (await from.call('CLIENT', 'UNPAUSE')),
      });
      await moved(redis, 'standalone');
      await traffic.goesOn();
      report('cluster to standalone', pausedMs, traffic.gapMs());
      await traffic.settle();
      expect(errors).toEqual([]);
    });

    test('there and back', async () => {
      const [one, two] = [await start(), await start()];
      const { redis, moves } = await open(standaloneStack(one));
      const there = announcementOf(standaloneStack(two));
      const back = announcementOf(standaloneStack(one));
      await two.cli('SET', announcementKey, there);
      await one.cli('SET', announcementKey, there);
      await until('it is there', async () => {
        await redis.direct.set('place', 'there');
        return (await two.cli('GET', 'test:place')) === 'there';
      });
      // What the other one said once is still there, and leads nobody in a circle.
      await two.cli('SET', announcementKey, back);
      await until('it is back', () => moves.length === 2);
      await sleep(1200);
      await redis.direct.set('place', 'back');
      expect(await one.cli('GET', 'test:place')).toBe('back');
      expect(moves).toHaveLength(2);
    });

    test('what cannot be believed or reached is ignored, and told once', async () => {
      const [server, stranger] = [await start(), await start()];
      const { redis, errors, moves } = await open(standaloneStack(server));
      const traffic = startTraffic(redis);
      const codes = () => errors.map((error) => (error as { code?: string }).code);
      await server.cli('SET', announcementKey, 'garbage');
      await until('it is told', () => errors.length > 0);
      // No move: it is there.
      await server.cli('SET', announcementKey, announcementOf(standaloneStack(server)));
      await sleep(1100);
      // Somebody is there, who knows nothing of it.
      await server.cli('SET', announcementKey, announcementOf(standaloneStack(stranger)));
      await sleep(2000);
      expect(codes()).toEqual(['redis/not-moved']);
      // Nobody is there; time enough for two tries.
      await server.cli('SET', announcementKey, announcementOf(standaloneStack({ port: 1 })));
      await until('it is told', () => errors.length > 1);
      await sleep(3500);
      expect(codes()).toEqual(['redis/not-moved', 'redis/not-moved']);
      await traffic.goesOn();
      await traffic.settle();
      expect(moves).toEqual([]);
      expect(await stranger.cli('DBSIZE')).toBe('0');
      await expect(redis.direct.set('stack:moved', '')).rejects.toMatchObject({ code: 'redis/bad-use' });
    });

    test('who may not read the key stays, and is told nothing', async () => {
      const rules = ['on', `>${password}`, '~test:own:*', '&*', '+@all', '-@admin', '-@dangerous', '+info'];
      const server = await start([['user', 'app', ...rules]]);
      await server.cli('SET', announcementKey, announcementOf(standaloneStack({ port: 1 })));
      const { redis, errors } = await open(standaloneStack(server));
      for (const end = performance.now() + 1500; performance.now() < end; await sleep(20))
        await redis.direct.set('own:key', 'value');
      expect(errors).toEqual([]);
      expect(await server.cli('ACL', 'LOG')).toMatch(/count\n1\n/);
    });
  });
}
