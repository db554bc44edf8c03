import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../tests/support/groups.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import {
  type WriteBehind,
  type WriteBehindDefinition,
  type WriteBehindFlush,
  writeBehind,
} from '../src/write-behind.js';
import { shardTags } from '../src/write-behind-scripts.js';
import { bundle, type Child, type Program, run } from './child.ts';
import { libraries } from './contract/libraries.ts';
import { timed } from './loader.ts';
import { openSlowStore, type SlowStore } from './slow-store.ts';
import { Table } from './source.ts';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

let program: Program;
beforeAll(async () => {
  program = await bundle('write-behind-process.ts');
});
afterAll(() => program.dispose());

type Definition = WriteBehindDefinition<string, number>;
type Plain = Omit<Definition, 'key' | 'flush'>;

const key = (id: string) => [id];
const notHere: WriteBehindFlush<number> = () => Promise.reject(new Error('Not this process.'));
const keys = Array.from({ length: 50 }, (_, i) => `cart ${i}`);

async function open(server: Pick<Server, 'port'>, options: RedisOptions = {}): Promise<Redis> {
  const redis = await openRedis(connect, standaloneStack(server), { env, ...options });
  onTestFinished(() => redis.close({ drainMs: 500 }));
  return redis;
}

async function openStore(changeMs: number): Promise<SlowStore> {
  const store = await openSlowStore(changeMs);
  onTestFinished(() => store.close());
  return store;
}

/** Worker processes that write to a store, and can be replaced. */
function startWorkers(where: object, definition: Plain, { url }: SlowStore) {
  const alive: Child[] = [];
  const begin = (): Child => {
    const child = run(program, JSON.stringify(where), JSON.stringify(definition), url);
    onTestFinished(() => child.kill());
    alive.push(child);
    return child;
  };
  return { alive, begin };
}

const pidOf = (lines: readonly string[]) =>
  Number(lines.find((line) => line.startsWith('ready '))?.split(' ')[1]);

/** Puts values over and over until it is told to stop, and notes the last version of each key that was acknowledged. */
function startPutting(behind: WriteBehind<string, number>) {
  const last = new Map<string, number>();
  let count = 0;
  let goal = Number.POSITIVE_INFINITY;
  const putEach = async (): Promise<void> => {
    while (count < goal) {
      const id = keys[count % keys.length] ?? '';
      const version = await behind.put(id, count++);
      last.set(id, Math.max(last.get(id) ?? 0, version));
      await sleep(2);
    }
  };
  const putting = Promise.all(Array.from({ length: 8 }, putEach));
  // Whoever stops it hears how it ended, and nobody does where the test fails before.
  const ended = putting.catch(() => {});
  onTestFinished(() => {
    goal = 0;
    return ended.then(() => {});
  });
  return {
    last,
    count: () => count,
    /** Resolves when there are as many puts as that, at least. */
    async stop(least: number): Promise<void> {
      goal = least;
      await putting;
    },
  };
}

/** What the store lacks or has in an old version. */
const missing = ({ table }: SlowStore, last: ReadonlyMap<string, number>) =>
  [...last].filter(([id, version]) => (table.rows.get(id)?.version ?? 0) < version).map(([id]) => id);

test('workers are killed in the middle of their batches: every key ends with its last version', async () => {
  const engine = newest('redis');
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const store = await openStore(2);
  const definition = { name: 'killed', ttlMs: 60_000, maxDelayMs: 10, silentMs: 600, retryMs: 50, batch: 40 };
  const behind = (await open(server)).use(writeBehind({ ...definition, key, flush: notHere }));
  const { alive, begin } = startWorkers({ ports: [server.port] }, definition, store);
  for (let i = 0; i < 3; i++) begin();
  const puts = startPutting(behind);
  for (let kills = 0; kills < 6; kills++) {
    const victim = await until(
      'a batch is half written',
      () => alive.find(({ lines }) => store.midBatch.has(pidOf(lines))),
      { everyMs: 1 },
    );
    await victim.kill();
    alive.splice(alive.indexOf(victim), 1);
    begin();
  }
  await puts.stop(2000);
  await behind.drained();
  expect(puts.last.size).toBe(keys.length);
  expect(missing(store, puts.last)).toEqual([]);
  for (const [id, version] of puts.last) expect(store.table.rows.get(id)?.version).toBe(version);
  for (const id of keys) expect(await behind.get(id)).toBe(store.table.value(id));
  expect(await behind.dead()).toEqual([]);
  // At least once: each kill repeats the changes of one batch of each shard at most, and nothing else does.
  const seen = store.table.written.map(({ key: [id], version }) => `${id} ${version}`);
  const repeated = seen.length - new Set(seen).size;
  expect(repeated).toBeLessThanOrEqual(6 * 8 * definition.batch);
  // Many puts of a key became one.
  expect(seen.length).toBeLessThan(puts.count() + repeated);
}, 120_000);

test('the server crashes and comes back from its append-only file: no acknowledged put is lost', async () => {
  const engine = newest('valkey');
  const durable = [
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
  ];
  await using server = await startServer({ engine, directives: [...generatedUser(engine), ...durable] });
  const store = await openStore(1);
  const definition = { name: 'restarted', ttlMs: 60_000, maxDelayMs: 10, silentMs: 1000, retryMs: 50 };
  const behind = (await open(server)).use(writeBehind({ ...definition, key, flush: notHere }));
  const { alive, begin } = startWorkers({ ports: [server.port] }, definition, store);
  for (let i = 0; i < 2; i++) begin();
  const puts = startPutting(behind);
  for (let crashes = 0; crashes < 2; crashes++) {
    const before = puts.count();
    await until('some are put', () => puts.count() > before + 150, { everyMs: 1 });
    await server.kill();
    await sleep(200);
    await server.restart();
  }
  await puts.stop(600);
  await behind.drained();
  expect(missing(store, puts.last)).toEqual([]);
  expect(await behind.dead()).toEqual([]);
  expect(alive).toHaveLength(2);
}, 120_000);

test('a planned failover behind Sentinels: what a replica had to confirm is not lost', async () => {
  const engine = newest('redis');
  const group = await startSentinelGroup({
    engine,
    replicas: 1,
    sentinels: 3,
    directives: [...generatedUser(engine), ['min-replicas-to-write', '1']],
  });
  onTestFinished(() => group.stop());
  for (const sentinel of group.sentinels) {
    const rules = generatedSentinelRules(engine);
    await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
  }
  const stack = sentinelStack(group.sentinels, group.primaryName);
  const redis = await openRedis(connectSentinel, stack, { env, writeWithinMs: 60_000 });
  onTestFinished(() => redis.close({ drainMs: 500 }));
  const store = await openStore(1);
  const definition = {
    name: 'moved',
    ttlMs: 60_000,
    maxDelayMs: 10,
    silentMs: 2000,
    retryMs: 50,
    replicas: 1,
  };
  const behind = redis.use(writeBehind({ ...definition, key, flush: notHere }));
  const where = { ports: group.sentinels.map(({ port }) => port), primaryName: group.primaryName };
  const { begin } = startWorkers(where, definition, store);
  for (let i = 0; i < 2; i++) begin();
  const puts = startPutting(behind);
  const goOn = async (): Promise<void> => {
    const before = puts.count();
    await until('puts go on', () => puts.count() > before + 150, { everyMs: 1, timeoutMs: 60_000 });
  };
  for (let failovers = 0; failovers < 2; failovers++) {
    await goOn();
    await group.failover();
  }
  await goOn();
  await puts.stop(0);
  await behind.drained(60_000);
  expect(puts.last.size).toBe(keys.length);
  expect(missing(store, puts.last)).toEqual([]);
  const now = await group.agreedPrimary();
  expect(now).toBe(group.nodes[0]);
}, 180_000);

test.each(libraries)(
  'on a cluster with $name: shards move to replicas that had to confirm, and nothing is lost',
  async ({ cluster: connectCluster }) => {
    const engine = newest('valkey');
    const directives = generatedUser(engine);
    const cluster = await startCluster({ engine, shards: 3, replicas: 1, directives });
    onTestFinished(() => cluster.stop());
    const redis = await openRedis(connectCluster, clusterStack(cluster.nodes), {
      env,
      writeWithinMs: 60_000,
    });
    onTestFinished(() => redis.close({ drainMs: 500 }));
    const table = new Table<number>();
    const definition = {
      name: 'spread',
      ttlMs: 60_000,
      maxDelayMs: 10,
      silentMs: 2000,
      retryMs: 50,
      replicas: 1,
    };
    const behind = redis.use(writeBehind<string, number>({ ...definition, key, flush: table.upsert }));
    behind.start();
    const puts = startPutting(behind);
    for (const shard of [0, 7]) {
      const before = puts.count();
      await until('puts go on', () => puts.count() > before + 200, { everyMs: 1, timeoutMs: 60_000 });
      await cluster.failover(`test:{${shardTags('spread', 8)[shard]}}:log`);
    }
    const before = puts.count();
    await until('puts go on', () => puts.count() > before + 200, { everyMs: 1, timeoutMs: 60_000 });
    await puts.stop(0);
    await behind.drained(60_000);
    expect([...puts.last].filter(([id, version]) => (table.rows.get(id)?.version ?? 0) < version)).toEqual(
      [],
    );
    expect(puts.last.size).toBe(keys.length);
  },
  180_000,
);

describe('on one server', () => {
  const engine = newest('redis');
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine, directives: generatedUser(engine) });
  });
  afterEach(() => server.revive());
  afterAll(() => server.dispose());

  test('writing behind a source that takes 1 ms a call is at least five times as fast as writing to it', async () => {
    const table = new Table<number>();
    const call = () => sleep(1);
    const flush: WriteBehindFlush<number> = async (changes) => {
      await call();
      table.upsert(changes);
    };
    const behind = (await open(server)).use(writeBehind({ name: 'fast', key, ttlMs: 60_000, flush }));
    behind.start();
    const ids = Array.from({ length: 500 }, (_, i) => `id ${i}`);
    const ratios: number[] = [];
    for (let round = 1; round <= 3; round++) {
      const direct = await timed(async () => {
        for (const id of ids) {
          await call();
          table.write({ key: [id], value: round, version: round });
        }
      });
      // As many writers as a server has requests at a time; what waits for the source is counted as well.
      const put = await timed(async () => {
        const left = [...ids];
        const writer = async () => {
          for (let id = left.pop(); id !== undefined; id = left.pop()) await behind.put(id, round);
        };
        await Promise.all(Array.from({ length: 16 }, writer));
      });
      await behind.drained();
      expect(ids.every((id) => table.value(id) === round)).toBe(true);
      ratios.push(direct.ms / put.ms);
    }
    expect(Math.max(...ratios)).toBeGreaterThan(5);
  });

  test('a full server takes no puts, and its workers still empty it', async () => {
    const table = new Table<number>();
    const behind = (await open(server)).use(
      writeBehind<string, number>({
        name: 'full',
        key,
        ttlMs: 60_000,
        maxDelayMs: 10,
        retryMs: 20,
        maxDeliveries: 1,
        flush: (changes) => {
          if (changes.some(({ value }) => value === 13)) throw new Error('no');
          table.upsert(changes);
        },
      }),
    );
    for (const [i, id] of keys.entries()) await behind.put(id, i);
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    onTestFinished(async () => void (await server.cli('CONFIG', 'SET', 'maxmemory', '0')));
    await expect(behind.put('more', 1)).rejects.toMatchObject({ code: 'redis/refused' });
    const worker = behind.start();
    await behind.drained();
    await worker.stop();
    expect(table.rows.size).toBe(keys.length - 1);
    expect(await behind.dead()).toMatchObject([{ key: ['cart 13'], value: 13 }]);
  });

  test('frozen: put and get reject in time, and what was put before is flushed afterwards', async () => {
    const table = new Table<number>();
    const definition = { name: 'frozen', ttlMs: 60_000, maxDelayMs: 10, silentMs: 1000 };
    const behind = (await open(server, { writeWithinMs: 500 })).use(
      writeBehind<string, number>({ ...definition, key, flush: table.upsert }),
    );
    await behind.put('a', 1);
    server.freeze();
    const frozen = await timed(() => Promise.allSettled([behind.put('b', 1), behind.get('a')]));
    server.thaw();
    expect(frozen.value).toMatchObject(Array(2).fill({ reason: { code: 'redis/deadline' } }));
    expect(frozen.ms).toBeLessThan(5000);
    behind.start();
    await behind.drained();
    expect(table.value('a')).toBe(1);
  });

  test('a worker that is told to end flushes what waits', async () => {
    const store = await openStore(0);
    const definition = { name: 'ending', ttlMs: 60_000, maxDelayMs: 60_000, batch: 5 };
    const behind = (await open(server)).use(
      writeBehind<string, number>({ ...definition, key, flush: notHere }),
    );
    const { begin } = startWorkers({ ports: [server.port] }, definition, store);
    const worker = begin();
    await until(
      'it waits for changes of all shards',
      () => worker.lines.filter((line) => line.startsWith('told group-made')).length === 8,
    );
    await sleep(50);
    for (const [i, id] of keys.entries()) await behind.put(id, i);
    worker.signal('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(await behind.pending()).toBe(0);
    expect(store.table.rows.size).toBe(keys.length);
  });

  test('a slow shard holds up no other', async () => {
    const table = new Table<number>();
    const behind = (await open(server)).use(
      writeBehind<string, number>({
        name: 'slow',
        key,
        ttlMs: 60_000,
        maxDelayMs: 10,
        flush: async (changes) => {
          if (changes.some(({ value }) => value === 13)) await sleep(1500);
          table.upsert(changes);
        },
      }),
    );
    behind.start();
    await behind.put('cart 13', 13);
    await sleep(50);
    const rest = keys.filter((id) => id !== 'cart 13');
    const shards = await timed(async () => {
      for (const [i, id] of rest.entries()) await behind.put(id, i + 100);
      await until('most are there', () => table.rows.size > keys.length / 2, { everyMs: 5 });
    });
    expect(table.rows.has('cart 13')).toBe(false);
    expect(shards.ms).toBeLessThan(1400);
    await behind.drained();
    expect(table.rows.size).toBe(keys.length);
  });
});
