import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startSentinelGroup } from '../../../tests/support/groups.ts';
import { startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import { type Stream, type StreamConsumeOptions, stream } from '../src/streams.js';
import { bundle, type Child, type Program, run } from './child.ts';
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

let program: Program;
beforeAll(async () => {
  program = await bundle('stream-process.ts');
});
afterAll(() => program.dispose());

const engine = newest('redis');

async function open(port: number, options: RedisOptions = {}): Promise<Redis> {
  const redis = await openRedis(connect, standaloneStack({ port }), { env, ...options });
  onTestFinished(() => redis.close({ drainMs: 500 }));
  return redis;
}

function startConsumer(where: object, name: string, options: StreamConsumeOptions, itemMs: number): Child {
  const child = run(program, JSON.stringify(where), name, JSON.stringify(options), String(itemMs));
  onTestFinished(() => child.kill());
  return child;
}

const said = (children: readonly Child[], what: string): number[] =>
  children.flatMap(({ lines }) =>
    lines.filter((line) => line.startsWith(what)).map((line) => Number(line.split(' ')[1])),
  );

async function items(events: Stream<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const { item } of events.replay()) found.push(item);
  return found;
}

const isDone = async (events: Stream<number>): Promise<boolean> => {
  const lag = await events.lag('group');
  return lag !== null && lag.waiting + lag.pending === 0;
};

test('consumers are killed over and over: every entry is handled, and only what was in hand twice', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const events = (await open(server.port)).use(stream<number>({ name: 'killed' }));
  const options = { silentMs: 500, concurrency: 4, maxDeliveries: 20 };
  const all: Child[] = [];
  const alive: Child[] = [];
  const begin = (): void => {
    const child = startConsumer({ ports: [server.port] }, 'killed', options, 8);
    all.push(child);
    alive.push(child);
  };
  const numbers = Array.from({ length: 500 }, (_, i) => i);
  for (let i = 0; i < 3; i++) begin();
  const adding = Promise.all(numbers.map((number) => events.add(number)));
  for (let kills = 0; kills < 6; kills++) {
    const victim = alive.shift();
    await until('it is at work', () => (victim?.lines.length ?? 0) > 10, { everyMs: 1 });
    await victim?.kill();
    begin();
  }
  await adding;
  await until('all is done', () => isDone(events));
  const handled = said(all, 'handled');
  expect(numbers.filter((number) => !handled.includes(number))).toEqual([]);
  expect(handled.length - numbers.length).toBeLessThanOrEqual(6 * options.concurrency);
  // What was begun and not handled by the one that was killed.
  expect(said(all, 'began').length).toBeGreaterThan(numbers.length);
  expect(await events.dead('group')).toEqual([]);
}, 120_000);

test('the server crashes and comes back from its append-only file: nothing acknowledged is lost', async () => {
  const durable = [
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
  ];
  await using server = await startServer({ engine, directives: [...generatedUser(engine), ...durable] });
  const events = (await open(server.port)).use(stream<number>({ name: 'restarted' }));
  const consumers = [0, 1].map(() =>
    startConsumer({ ports: [server.port] }, 'restarted', { silentMs: 1000, concurrency: 2 }, 2),
  );
  const added: number[] = [];
  const adding = (async () => {
    for (let number = 0; number < 400; number++) {
      await events.add(number);
      added.push(number);
    }
  })();
  adding.catch(() => {});
  for (const at of [100, 250]) {
    await until('some are added', () => added.length >= at, { everyMs: 1 });
    await server.kill();
    await sleep(200);
    await server.restart();
  }
  await adding;
  await until('all is done', () => isDone(events), { timeoutMs: 30_000 });
  const handled = said(consumers, 'handled');
  expect(added.filter((number) => !handled.includes(number))).toEqual([]);
  // Repeated through two crashes, and still added once.
  expect(await items(events)).toEqual(added);
}, 120_000);

test('a planned failover behind Sentinels: consumers go on, and all that the stack kept is handled', async () => {
  const group = await startSentinelGroup({
    engine,
    replicas: 1,
    sentinels: 3,
    directives: [...generatedUser(engine), ['min-replicas-to-write', '1']],
  });
  onTestFinished(() => group.stop());
  const rules = generatedSentinelRules(engine);
  for (const sentinel of group.sentinels)
    await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
  const stack = sentinelStack(group.sentinels, group.primaryName);
  const redis = await openRedis(connectSentinel, stack, { env, writeWithinMs: 60_000 });
  onTestFinished(() => redis.close({ drainMs: 500 }));
  const events = redis.use(stream<number>({ name: 'moved' }));
  const where = { ports: group.sentinels.map(({ port }) => port), primaryName: group.primaryName };
  const consumers = [0, 1].map(() => startConsumer(where, 'moved', { silentMs: 2000, concurrency: 2 }, 1));
  let isOver = false;
  let count = 0;
  const adding = (async () => {
    while (!isOver) await events.add(count++);
  })();
  adding.catch(() => {});
  onTestFinished(() => {
    isOver = true;
  });
  await until('some are handled', () => said(consumers, 'handled').length > 100, { everyMs: 5 });
  await group.failover();
  const before = said(consumers, 'handled').length;
  await until('consumers go on', () => said(consumers, 'handled').length > before + 100, { everyMs: 5 });
  isOver = true;
  await adding;
  await until('all is done', () => isDone(events), { timeoutMs: 30_000 });
  const handled = new Set(said(consumers, 'handled'));
  const kept = await items(events);
  expect(kept.filter((number) => !handled.has(number))).toEqual([]);
  // Replication is asynchronous: what was acknowledged in the moment of the failover may be lost, and nothing else.
  expect(kept.length).toBeGreaterThanOrEqual(count - 3);
}, 120_000);

test('an entry whose answer is lost is not added twice', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const door = await openLossyDoor(server.port);
  onTestFinished(() => door.close());
  const events = (await open(door.port)).use(stream<number>({ name: 'lossy' }));
  const numbers = [1001, 1002, 1003, 1004];
  for (const number of numbers) {
    if (number > 1002) door.loseAnswerTo(String(number));
    const id = await events.add(number);
    expect(door.hasLost()).toBe(true);
    expect(id).toMatch(/^\d+-\d+$/);
  }
  expect(await items(events)).toEqual(numbers);
});

test('a server that is full takes no entries, and what it has is still handled, also what fails', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const events = (await open(server.port)).use(stream<number>({ name: 'full' }));
  const seen: number[] = [];
  let isOpen = false;
  const handle = async (item: number): Promise<void> => {
    await until('it may end', () => isOpen, { everyMs: 5 });
    if (item === 13) throw new Error('no');
    seen.push(item);
  };
  const consumer = events.consume('group', handle, { maxDeliveries: 2, retryMs: 20 });
  onTestFinished(() => consumer.stop());
  for (let number = 0; number < 30; number++) await events.add(number);
  await server.cli('CONFIG', 'SET', 'maxmemory', '1');
  await expect(events.add(99)).rejects.toMatchObject({ code: 'redis/refused' });
  isOpen = true;
  await until('all is done', () => isDone(events));
  expect(seen).toHaveLength(29);
  expect(await events.dead('group')).toMatchObject([{ item: 13, deliveries: 2 }]);
});

test('a server that drops keys when it is full is refused', async () => {
  const evicting = [['maxmemory-policy', 'allkeys-lru']];
  await using server = await startServer({ engine, directives: [...generatedUser(engine), ...evicting] });
  const redis = await open(server.port);
  const events = stream<number>({ name: 'evicted' });
  await expect(redis.use(events).add(1)).rejects.toMatchObject({ code: 'redis/may-evict' });
  await expect(redis.open({ events })).rejects.toMatchObject({ code: 'redis/may-evict' });
});

test('a consumer that was paused for too long hears that its entry is gone, and it is handled elsewhere', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const events = (await open(server.port)).use(stream<number>({ name: 'paused' }));
  const where = { ports: [server.port] };
  const options = { silentMs: 400 };
  const first = startConsumer(where, 'paused', options, 300);
  await until('it is ready', () => first.lines.includes('ready'));
  await events.add(1);
  await until('it has begun', () => said([first], 'began').length === 1, { everyMs: 1 });
  first.signal('SIGSTOP');
  const second = startConsumer(where, 'paused', options, 0);
  await until('the other one has it', () => said([second], 'handled').length === 1);
  first.signal('SIGCONT');
  await until('all is done', () => isDone(events));
  expect(second.lines).toContain('handled 1 2');
}, 60_000);

test('handlers that take longer than a silence is allowed to last keep their entry', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const redis = await open(server.port);
  const events = redis.use(stream<number>({ name: 'long' }));
  const counts: number[] = [];
  const handle = async (_: number, { count }: { readonly count: number }): Promise<void> => {
    counts.push(count);
    await sleep(1500);
  };
  for (let i = 0; i < 2; i++) {
    const consumer = events.consume('group', handle, { silentMs: 300 });
    onTestFinished(() => consumer.stop());
  }
  await events.add(1);
  await until('it is done', async () => counts.length > 0 && (await isDone(events)));
  expect(counts).toEqual([1]);
});

test('frozen: a stop and a close do not wait for it', async () => {
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  const redis = await openRedis(connect, standaloneStack(server), { env, writeWithinMs: 500 });
  const events = redis.use(stream<number>({ name: 'frozen' }));
  const consumer = events.consume('group', () => undefined);
  await until('the group is there', async () => (await events.lag('group')) !== null);
  server.freeze();
  const stopped = await timed(() => consumer.stop());
  expect(stopped.ms).toBeLessThan(5000);
  await expect(events.add(1)).rejects.toMatchObject({ code: 'redis/deadline' });
  const closed = await timed(() => redis.close({ drainMs: 300 }));
  expect(closed.ms).toBeLessThan(5000);
  server.thaw();
});
