import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../tests/support/groups.ts';
import { watchLoop } from '../../../tests/support/machine.ts';
import type { Server } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { cache } from '../src/cache-aside.js';
import type { Definition } from '../src/definition.js';
import type { ChannelKind, RedisPort } from '../src/port.js';
import { openRedis, type Redis } from '../src/redis.js';
import { watchPrimaries } from '../src/watch.js';
import type { Library } from './contract/ground.ts';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
} from './stacks.ts';

/** Servers of which one can fail, and how to see that another one has taken over. */
interface Group {
  open(library: Library): Promise<Redis>;
  /** The primary that holds what these tests write. */
  primary(): Promise<Server>;
  /** All that can be asked who is primary, and the question; the answer names ports. */
  readonly judges: readonly Server[];
  readonly question: readonly string[];
  settled(): Promise<void>;
  heal(): Promise<void>;
  /** What was refused to the application for want of rights. */
  refusals(): Promise<readonly string[]>;
  /** Connections of the application, on all servers. */
  connections(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const engine = newest('redis');
const nobody = 'AUTH has failed, as nobody tried';

const refusalsOf = (servers: readonly Server[]) => async () => {
  const logs = await Promise.all(servers.map((server) => server.cli('ACL', 'LOG').catch(() => nobody)));
  return logs.filter(Boolean);
};

const connectionsOf = (servers: readonly Server[]) => async () => {
  const lists = await Promise.all(servers.map((server) => server.cli('CLIENT', 'LIST')));
  return lists.flatMap((list) => list.split('\n').filter((line) => /\buser=(app|watcher)\b/.test(line)));
};

const topologies: Readonly<Record<'sentinel' | 'cluster', () => Promise<Group>>> = {
  async sentinel() {
    const group = await startSentinelGroup({
      engine,
      replicas: 2,
      sentinels: 3,
      downAfterMs: 1000,
      failoverTimeoutMs: 4000,
      directives: generatedUser(engine),
    });
    const rules = generatedSentinelRules(engine);
    for (const sentinel of group.sentinels)
      await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
    const stack = sentinelStack(group.sentinels, group.primaryName);
    return {
      open: (library) => openRedis(library.sentinel, stack, { env }),
      primary: () => group.agreedPrimary(),
      judges: group.sentinels,
      question: ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group.primaryName],
      settled: () => group.settled(),
      heal: () => group.heal(),
      refusals: refusalsOf([...group.nodes, ...group.sentinels]),
      connections: connectionsOf([...group.nodes, ...group.sentinels]),
      stop: () => group.stop(),
    };
  },
  async cluster() {
    const cluster = await startCluster({
      engine,
      shards: 3,
      replicas: 1,
      nodeTimeoutMs: 1000,
      directives: generatedUser(engine),
    });
    const stack = clusterStack(cluster.nodes);
    return {
      open: (library) => openRedis(library.cluster, stack, { env }),
      primary: () => cluster.primary(`test:${written(0)}`),
      judges: cluster.nodes,
      question: ['CLUSTER', 'SLOTS'],
      settled: () => cluster.settled(),
      heal: () => cluster.heal(),
      refusals: refusalsOf(cluster.nodes),
      connections: connectionsOf(cluster.nodes),
      stop: () => cluster.stop(),
    };
  },
};

const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };
const things = cache<string, string>({ name: 'failing', key: (id) => [id], ttlMs: 60_000 });
const ids = Array.from({ length: 60 }, (_, index) => `id ${index}`);
const written = (number: number) => `{failing}:${number}`;
const loaderMs = 5;
const kinds: readonly (readonly [ChannelKind, string, string])[] = [
  ['channel', 'PUBLISH', 'test:{failing}:channel'],
  ['pattern', 'PUBLISH', 'test:{failing}:pattern:1'],
  ['shard', 'SPUBLISH', 'test:{failing}:shard'],
];

/** The moment at which one of the judges no longer counts a server among the primaries. */
async function decided({ judges, question }: Group, old: Server): Promise<() => Promise<number>> {
  const asked = judges
    .filter((judge) => judge !== old)
    .map(({ port }) =>
      createClient({ socket: { host: '127.0.0.1', port }, commandOptions: { timeout: 0 } }).on(
        'error',
        () => {},
      ),
    );
  onTestFinished(() => {
    for (const one of asked) one.destroy();
  });
  await Promise.all(asked.map((one) => one.connect()));
  // Of each shard, the primary comes first, followed by its replicas.
  const primaries = (answer: unknown): unknown[] =>
    (answer as unknown[]).flatMap((part) =>
      Array.isArray(part) ? [(part[2] as unknown[])[1]] : [Number(part)],
    );
  return () =>
    until(
      'another primary',
      async () => {
        const answers = await Promise.all(asked.map((one) => one.sendCommand([...question])));
        return answers.some((answer) => !primaries(answer).includes(old.port)) && performance.now();
      },
      { everyMs: 10, timeoutMs: 30_000 },
    );
}

/** Writes one key after the other until the test ends, and notes when each was acknowledged. */
function writeOnwards({ direct }: Redis) {
  const acknowledged: number[] = [];
  const errors: unknown[] = [];
  let isStopped = false;
  const running = (async () => {
    for (let number = 0; !isStopped; number++) {
      await direct.set(written(number), 'x').catch((error: unknown) => errors.push(error));
      acknowledged.push(performance.now());
      await sleep(1);
    }
  })();
  const stop = (): Promise<void> => {
    isStopped = true;
    return running;
  };
  onTestFinished(stop);
  return { acknowledged, errors, stop };
}

const longReadMs = 300;

/** Reads from a cache over and over until the test ends, and notes the answers that took long. */
function readOnwards(redis: Redis) {
  const cached = redis.use(things);
  const errors: unknown[] = [];
  const long: (readonly [from: number, to: number])[] = [];
  const loop = watchLoop();
  let isStopped = false;
  const read = async (id: string) => {
    while (!isStopped) {
      const from = performance.now();
      await cached
        .getOrSet(id, () => sleep(loaderMs, `value of ${id}`))
        .catch((error: unknown) => errors.push(error));
      const to = performance.now();
      if (to - from > longReadMs) long.push([from, to]);
      await sleep(10);
    }
  };
  const running = Promise.all(ids.map(read));
  const stop = async (): Promise<void> => {
    isStopped = true;
    await running;
    loop.stop();
  };
  onTestFinished(stop);
  return {
    errors,
    stop,
    stalledMs: loop.stalledMs,
    /** The longest of those that took long, without the time in which this process could do nothing; else 0. */
    longestMs: () => Math.max(0, ...long.map(([from, to]) => to - from - loop.stalledMs(from, to))),
  };
}

/** Listens in all three ways, and says when each has heard something since it was asked. */
async function listen(port: RedisPort, publisher: RedisPort) {
  const heard = new Map<ChannelKind, number>();
  for (const [kind, , channel] of kinds) {
    const name = kind === 'pattern' ? channel.replace('1', '*') : channel;
    await port.subscribe(kind, name, () => heard.has(kind) || heard.set(kind, performance.now()));
  }
  return async () => {
    heard.clear();
    await until('all are heard', async () => {
      for (const [kind, publish, channel] of kinds)
        if (!heard.has(kind)) publisher.call(channel, [publish, channel, 'text']).catch(() => {});
      await sleep(20);
      return heard.size === kinds.length;
    });
    return Math.max(...heard.values());
  };
}

/** Holds through the loss of a primary for every library: nobody waits longer than allowed, and nothing is lost for good. */
export function holdThroughFailovers(libraries: readonly Library[]): void {
  describe.each(Object.entries(topologies))('%s', (_, start) => {
    let group: Group;
    beforeAll(async () => {
      group = await start();
    });
    afterEach(() => group.heal());
    afterAll(() => group?.stop());

    const open = async (library: Library): Promise<Redis> => {
      const redis = await group.open(library);
      onTestFinished(() => redis.close({ drainMs: 500 }));
      return redis;
    };

    describe.each(libraries)('$name', (library) => {
      test.each(['killed', 'frozen'])('the primary is %s under load', async (how) => {
        await group.settled();
        const [redis, other] = await Promise.all([open(library), open(library)]);
        const port = redis.use(bare);
        const hearsAgain = await listen(port, other.use(bare));
        let gaps = 0;
        const watching = watchPrimaries(port, 'test:failing:', { onWrite: () => {}, onGap: () => gaps++ });
        onTestFinished(() => watching.stop());
        await until('writes are heard', () => watching.isComplete());
        const reader = readOnwards(redis);
        const writer = writeOnwards(redis);
        await until('some writes', () => writer.acknowledged.length >= 200);
        await hearsAgain();
        const old = await group.primary();
        const decision = await decided(group, old);
        const gapsBefore = gaps;

        const failedAt = performance.now();
        if (how === 'killed') await old.kill();
        else old.freeze();
        const decidedAt = await decision();
        const resumedAt = await until('writes go on', () =>
          writer.acknowledged.findLast((at) => at > decidedAt) === undefined
            ? undefined
            : writer.acknowledged.find((at) => at > decidedAt),
        );
        const heardAt = await hearsAgain();
        await until('writes are heard again', () => watching.isComplete());
        const completeAt = performance.now();
        await writer.stop();
        await reader.stop();
        watching.stop();

        expect([...writer.errors, ...reader.errors]).toEqual([]);
        const resumedAfterMs = resumedAt - decidedAt - reader.stalledMs(decidedAt, resumedAt);
        expect(resumedAfterMs).toBeLessThan(5000);
        const longestReadMs = reader.longestMs();
        expect(longestReadMs).toBeLessThan(1000);
        expect(gaps).toBeGreaterThan(gapsBefore);
        const now = await group.primary();
        expect(now).not.toBe(old);
        const kept = await now.cli(
          'MGET',
          ...writer.acknowledged.map((_at, number) => `test:${written(number)}`),
        );
        const lost = writer.acknowledged.filter((_at, number) => kept.split('\n')[number] !== 'x');
        // Replication is asynchronous: what was acknowledged in the last moment may be gone.
        expect(lost.filter((at) => at < failedAt - 1000 || at > decidedAt)).toEqual([]);

        await Promise.all([redis.close(), other.close()]);
        await group.heal();
        await until('no connection is left', async () => (await group.connections()).length === 0);
        report(`${library.name}, ${how}`, {
          'decided after': decidedAt - failedAt,
          'writes after that': resumedAt - decidedAt,
          'messages after that': heardAt - decidedAt,
          'tracking after that': completeAt - decidedAt,
          'longest read above 300': longestReadMs,
          'writes lost': lost.length,
        });
      });
    });

    test('no command was refused for want of rights', async () => {
      expect(await group.refusals()).toEqual([]);
    });
  });
}

function report(what: string, figures: Readonly<Record<string, number>>): void {
  const words = Object.entries(figures).map(([name, figure]) => `${name} ${Math.round(figure)}`);
  process.stdout.write(`${what}: ${words.join(', ')}\n`);
}
