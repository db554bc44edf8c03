// Queues and broadcasts while primaries go: handed over, killed, frozen.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../tests/support/groups.ts';
import type { Server } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { broadcast } from '../src/pubsub.js';
import { queue } from '../src/queues.js';
import { openRedis, type Redis } from '../src/redis.js';
import { slotOf } from '../src/slot.js';
import type { Library } from './contract/ground.ts';
import { libraries } from './contract/libraries.ts';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
} from './stacks.ts';

const engine = newest('redis');
const news = broadcast<number>({ name: 'news' });
const regions = broadcast<number>({ name: 'regions', sharded: true });

/** Pushes numbers one after the other and has them handled elsewhere, until it is stopped. */
function workOnwards(pushing: Redis, working: Redis, name: string) {
  const definition = queue<number>({ name, silentMs: 2000 });
  const handled = new Set<number>();
  const acknowledged: number[] = [];
  const errors: unknown[] = [];
  let isOver = false;
  const worker = working.use(definition).work((item) => handled.add(item));
  const pushed = (async () => {
    for (let item = 0; !isOver; item++) {
      try {
        await pushing.use(definition).push(item);
        acknowledged.push(item);
      } catch (error) {
        errors.push(error);
        await sleep(50);
      }
    }
  })();
  onTestFinished(async () => {
    isOver = true;
    await Promise.all([pushed, worker.stop()]);
  });
  return {
    reached: (more: number) => {
      const goal = acknowledged.length + more;
      return until(`${more} more pushes`, () => acknowledged.length >= goal, { timeoutMs: 60_000 });
    },
    /** Those that were acknowledged and never handled. */
    async lost(): Promise<readonly number[]> {
      isOver = true;
      await pushed;
      await until('the queue is empty', async () => {
        const { waiting, taken, later, dead } = await pushing.use(definition).sizes();
        return waiting + taken + later === 0 && dead === 0;
      });
      await worker.stop();
      expect(errors).toEqual([]);
      return acknowledged.filter((item) => !handled.has(item));
    },
  };
}

/** Listens in every way and says whether all of them hear what is published from now on. */
async function listenTo(hearing: Redis, speaking: Redis, topic: string) {
  const heard: Record<'topic' | 'pattern' | 'shard', number[]> = { topic: [], pattern: [], shard: [] };
  await hearing.use(news).subscribe(topic, (message) => heard.topic.push(message));
  await hearing.use(news).subscribePattern(`${topic}*`, (message) => heard.pattern.push(message));
  await hearing.use(regions).subscribe(topic, (message) => heard.shard.push(message));
  let sent = 0;
  return {
    heard,
    async isHeard(): Promise<void> {
      const before = sent;
      const isNew = (message: number | undefined) => (message ?? 0) > before;
      await until(
        `all hear of ${topic}`,
        async () => {
          sent++;
          await Promise.all([
            speaking.use(news).publish(topic, sent),
            speaking.use(regions).publish(topic, sent),
          ]);
          return Object.values(heard).every((messages) => isNew(messages.at(-1)));
        },
        { timeoutMs: 40_000 },
      );
    },
  };
}

type Blow = 'handed over' | 'killed' | 'frozen';

/** How many connections listen to plain channels on a server. */
async function earsOf(server: Server): Promise<number> {
  const clients = await server.cli('CLIENT', 'LIST', 'TYPE', 'pubsub');
  return clients.split('\n').filter((line) => / sub=[1-9]/.test(line)).length;
}

/** Opens a connection that listens on a server; on a cluster the library chooses one by chance. */
async function openListening(open: () => Promise<Redis>, speaking: Redis, at: Server, topic: string) {
  for (let tries = 0; tries < 60; tries++) {
    const before = await earsOf(at);
    const hearing = await open();
    const listening = await listenTo(hearing, speaking, topic);
    if ((await earsOf(at)) > before) return { ...listening, close: () => hearing.close({ drainMs: 500 }) };
    await hearing.close();
  }
  throw new Error(`Nobody listens on port ${at.port}.`);
}

interface Victim {
  readonly server: Server;
  /** Resolves when another one has taken over. */
  readonly strike: () => Promise<void>;
}

/** What every library goes through while a primary goes; gives how many acknowledged items were lost. */
async function endure(
  openAny: (library: Library) => Promise<Redis>,
  victim: Victim,
  names: readonly string[],
) {
  const open = async (library: Library): Promise<Redis> => {
    const redis = await openAny(library);
    onTestFinished(() => redis.close({ drainMs: 500 }));
    return redis;
  };
  const all = await Promise.all(
    libraries.map(async (library, index) => {
      const name = names[index] ?? '';
      const [here, there] = await Promise.all([open(library), open(library)]);
      const listening = await openListening(() => open(library), there, victim.server, name);
      await listening.isHeard();
      const working = workOnwards(here, there, name);
      await working.reached(100);
      return { here, there, listening, working };
    }),
  );
  await victim.strike();
  const lost = await Promise.all(
    all.map(async ({ here, there, listening, working }) => {
      await working.reached(100);
      await listening.isHeard();
      // Each in order, and none twice.
      for (const messages of Object.values(listening.heard))
        expect(messages).toEqual([...new Set(messages)].sort((a, b) => a - b));
      const missing = await working.lost();
      await Promise.all([here.close({ drainMs: 500 }), there.close({ drainMs: 500 }), listening.close()]);
      return missing.length;
    }),
  );
  return Math.max(...lost);
}

describe('behind Sentinels', () => {
  let group: Awaited<ReturnType<typeof startSentinelGroup>>;
  beforeAll(async () => {
    group = await startSentinelGroup({
      engine,
      replicas: 2,
      sentinels: 3,
      downAfterMs: 1000,
      failoverTimeoutMs: 4000,
      directives: generatedUser(engine),
    });
    for (const sentinel of group.sentinels)
      await sentinel.cli(
        'ACL',
        'SETUSER',
        'watcher',
        'on',
        `>${sentinelPassword}`,
        ...generatedSentinelRules(engine),
      );
  });
  afterEach(() => group.heal());
  afterAll(() => group?.stop());
  const open = (library: Library) =>
    openRedis(library.sentinel, sentinelStack(group.sentinels, group.primaryName), { env });

  test.each<Blow>(['handed over', 'killed', 'frozen'])('the primary is %s', async (how) => {
    const server = await group.agreedPrimary();
    const strike = async (): Promise<void> => {
      if (how === 'handed over') await group.failover();
      else if (how === 'killed') await server.kill();
      else server.freeze();
      await group.failedOver(server);
    };
    const name = how.replace(' ', '-');
    const lost = await endure(
      open,
      { server, strike },
      libraries.map((_, index) => `${name}-${index}`),
    );
    // One that is handed over takes writes until it is told to follow, and nobody will know of them.
    if (how !== 'handed over') expect(lost).toBeLessThanOrEqual(5);
  });
});

describe('on a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    const directives = generatedUser(engine);
    cluster = await startCluster({ engine, shards: 3, replicas: 1, nodeTimeoutMs: 1000, directives });
  });
  afterEach(() => cluster.heal());
  afterAll(() => cluster?.stop());
  const open = (library: Library) => openRedis(library.cluster, clusterStack(cluster.nodes), { env });

  /** Names whose keys and channels are all on the first shard. */
  const namesOf = (how: Blow): readonly string[] =>
    Array.from({ length: 100 }, (_, index) => `${how.replace(' ', '-')}-${index}`)
      .filter((name) => slotOf(`{${name}}`) < 5000)
      .slice(0, libraries.length);

  test.each<Blow>(['handed over', 'killed', 'frozen'])('the primary of it all is %s', async (how) => {
    const names = namesOf(how);
    const key = `{${names[0]}}`;
    const server = await cluster.primary(key);
    const strike = async (): Promise<void> => {
      if (how === 'handed over') await cluster.failover(key);
      else if (how === 'killed') await server.kill();
      else server.freeze();
      await until('another one is primary', async () => (await cluster.primary(key)) !== server);
    };
    const lost = await endure(open, { server, strike }, names);
    expect(lost).toBeLessThanOrEqual(how === 'handed over' ? 0 : 5);
  });
});
