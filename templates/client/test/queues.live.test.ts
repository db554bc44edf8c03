import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { extremes } from '../../../tests/support/matrix.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import type { RedisEvent } from '../src/definition.js';
import { finish, push, pushLater, take } from '../src/queue-scripts.js';
import { type QueueDefinition, queue, type Worker } from '../src/queues.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import { bundle, type Child, type Program, run } from './child.ts';
import { openLossyDoor } from './lossy-door.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

let worker: Program;
beforeAll(async () => {
  worker = await bundle('queue-process.ts');
});
afterAll(() => worker.dispose());

const said = (children: readonly Child[], what: string) =>
  children.flatMap(({ lines }) =>
    lines.filter((line) => line.startsWith(what)).map((line) => line.split(' ')),
  );

describe('a queue', () => {
  let server: Server;
  let redis: Redis;
  const opened: Redis[] = [];
  const open = async (options: RedisOptions = {}, port = server.port): Promise<Redis> => {
    const one = await openRedis(connect, standaloneStack({ port }), { env, ...options });
    opened.push(one);
    return one;
  };
  const start = (definition: QueueDefinition<unknown>, itemMs = 0): Child => {
    const child = run(worker, String(server.port), JSON.stringify(definition), String(itemMs));
    onTestFinished(() => child.kill());
    return child;
  };

  beforeAll(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    redis = await open();
  });
  afterEach(async () => {
    await server.revive();
    await Promise.all(opened.splice(0).map((one) => one.close({ drainMs: 500 })));
  });

  test('workers are killed over and over: every item is handled, none is lost or given up', async () => {
    const definition = { name: 'killed', silentMs: 800, maxDeliveries: 8 };
    const items = redis.use(queue<number>(definition));
    const numbers = Array.from({ length: 500 }, (_, i) => i);
    const all: Child[] = [];
    const alive: Child[] = [];
    const begin = () => {
      const child = start(definition, 8);
      all.push(child);
      alive.push(child);
    };
    await items.push(...numbers);
    for (let i = 0; i < 3; i++) begin();
    for (let kills = 0; kills < 8; kills++) {
      const victim = alive.shift();
      await until('it is at work', () => (victim?.lines.length ?? 0) > 10, { everyMs: 1 });
      await victim?.kill();
      begin();
    }
    await until('nothing is left', async () => {
      const { waiting, taken, later } = await items.sizes();
      return waiting + taken + later === 0;
    });
    const handled = said(all, 'handled').map(([, item]) => Number(item));
    const missing = numbers.filter((item) => !handled.includes(item));
    expect(missing).toEqual([]);
    expect(await items.dead()).toEqual([]);
    // Each kill can repeat the one item in hand; nothing else is repeated.
    expect(handled.length - numbers.length).toBeLessThanOrEqual(8);
    const counts = said(all, 'began').map(([, , , count]) => Number(count));
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });

  test('a worker that was paused for too long hears that its item is gone, and harms nobody', async () => {
    const definition = { name: 'paused', silentMs: 600 };
    const items = redis.use(queue<number>(definition));
    const paused = start(definition, 300);
    await items.push(1);
    await until('it has begun', () => said([paused], 'began').length === 1, { everyMs: 5 });
    paused.signal('SIGSTOP');
    const other = start(definition, 3000);
    await until('the other has begun', () => said([other], 'began').length === 1);
    const [first, second] = [said([paused], 'began')[0], said([other], 'began')[0]];
    expect(second).toEqual(['began', '1', first?.[2], '2']);
    expect(said([other], 'told given-back')).toHaveLength(1);
    paused.signal('SIGCONT');
    await until('the first has handled it after all', () => said([paused], 'told handled').length === 1);
    // Done is done: the other one is told, and leaves nothing behind either.
    await until('the other hears of it', () => said([other], 'told item-lost').length === 1);
    await until('the other ends', () => said([other], 'handled').length === 1);
    expect(await items.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('an item whose workers die with it is given up with the reason', async () => {
    const definition = { name: 'deadly', silentMs: 300, maxDeliveries: 2 };
    const items = redis.use(queue<number>(definition));
    await items.push(1);
    for (const count of ['1', '2']) {
      const victim = start(definition, 60_000);
      await until('it has begun', () => said([victim], 'began')[0]?.[3] === count);
      await victim.kill();
    }
    const healthy = start(definition);
    await until('it is dead', async () => (await items.sizes()).dead === 1);
    expect(await items.dead()).toMatchObject([{ item: 1, reason: 'Its worker fell silent.', deliveries: 2 }]);
    expect(said([healthy], 'began')).toEqual([]);
    await until('it says so', () => said([healthy], 'told dead-letter').length === 1);
  });

  test('pop alone brings back what a killed worker had', async () => {
    const definition = { name: 'left', silentMs: 300 };
    const items = redis.use(queue<number>(definition));
    const victim = start(definition, 60_000);
    await items.push(1);
    await until('it has begun', () => said([victim], 'began').length === 1);
    // It says for a while that it is alive.
    await sleep(500);
    await victim.kill();
    // Longer than a silent worker is given. But nobody else was heard either, so it could have been an outage.
    await sleep(700);
    expect(await items.pop()).toBeNull();
    expect(await until('it is back', async () => (await items.pop()) ?? undefined)).toBe(1);
    expect(await items.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('a process told to end ends after the item in hand, and at once while it waits', async () => {
    const definition = { name: 'ended' };
    const items = redis.use(queue<number>(definition));
    const busy = start(definition, 200);
    await items.push(1, 2);
    await until('it has begun', () => said([busy], 'began').length === 1, { everyMs: 5 });
    busy.signal('SIGTERM');
    expect(await busy.ended()).toBe(0);
    expect(said([busy], 'handled').map(([, item]) => item)).toEqual(['1']);
    expect(await items.sizes()).toMatchObject({ waiting: 1, taken: 0 });
    const idle = start(definition);
    await until('it waits', () => said([idle], 'told handled').length === 1);
    idle.signal('SIGTERM');
    expect(await idle.ended()).toBe(0);
  });

  test('an outage is no silence: the item in hand is not given to others', async () => {
    const definition = queue<string>({ name: 'outage', silentMs: 400 });
    const began: string[] = [];
    let release = (): void => {};
    const handle = async (item: string): Promise<void> => {
      began.push(item);
      if (item === 'long') await new Promise<void>((resolve) => (release = resolve));
    };
    const others = await Promise.all([open(), open()]);
    const workers: Worker[] = [redis, ...others].map((one) => one.use(definition).work(handle));
    await redis.use(definition).push('long');
    await until('it has begun', () => began.length === 1);
    // The second begins before the time is over that the first one gave anew.
    for (const upMs of [300, 0]) {
      server.freeze();
      await sleep(1500);
      server.thaw();
      await sleep(upMs);
    }
    await redis.use(definition).push('next');
    await until('the next is handled', () => began.length === 2);
    // Longer than a silent worker is given: by now it would have been given to another one.
    await sleep(600);
    release();
    await until('it is done', async () => (await redis.use(definition).sizes()).taken === 0);
    expect(began).toEqual(['long', 'next']);
    await Promise.all(workers.map((one) => one.stop()));
  });

  test.each([
    ['take', take.sha1],
    ['the waiting', 'BLMOVE'],
    ['finish', finish.sha1],
  ])('a lost answer to %s loses no item, and counts no delivery that was none', async (_what, text) => {
    const door = await openLossyDoor(server.port);
    onTestFinished(() => door.close());
    const lossy = await open({}, door.port);
    const definition = queue<number>({ name: 'lossy', maxDeliveries: 1 });
    const handled: number[] = [];
    const worker = lossy.use(definition).work((item) => handled.push(item));
    const items = redis.use(definition);
    for (let item = 0; item < 5; item++) {
      door.loseAnswerTo(text);
      await items.push(item);
      await until('it is handled', () => handled.includes(item), { everyMs: 5 });
      await until('an answer was lost', () => door.hasLost(), { everyMs: 5 });
    }
    await until('all are done', async () => (await items.sizes()).taken === 0);
    await worker.stop();
    expect(handled).toEqual([0, 1, 2, 3, 4]);
    expect(await items.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('lost answers to push and pop add no item twice, and lose none', async () => {
    const door = await openLossyDoor(server.port);
    onTestFinished(() => door.close());
    const items = (await open({}, door.port)).use(queue<number>({ name: 'lossy-calls', maxDeliveries: 1 }));
    door.loseAnswerTo(push.sha1);
    await items.push(0, 1, 2);
    expect(door.hasLost()).toBe(true);
    expect(await items.sizes()).toMatchObject({ waiting: 3 });
    door.loseAnswerTo(pushLater.sha1);
    await items.pushLater(3, 1);
    expect(door.hasLost()).toBe(true);
    const popped = [];
    for (const script of [take, finish, take, finish]) {
      door.loseAnswerTo(script.sha1);
      popped.push(await items.pop());
      expect(door.hasLost()).toBe(true);
    }
    expect(popped).toEqual([0, 1, 2, 3]);
    expect(await items.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
    expect(await items.pop()).toBeNull();
  });

  test('a handler that ends while Redis is away does not run twice', async () => {
    const impatient = await open({ writeWithinMs: 300 });
    const definition = queue<number>({ name: 'away', silentMs: 60_000 });
    let began = 0;
    const worker = impatient.use(definition).work(async () => {
      began++;
      server.freeze();
    });
    await redis.use(definition).push(1);
    await until('it has begun', () => began === 1);
    await sleep(1500);
    server.thaw();
    await until('it is done', async () => (await redis.use(definition).sizes()).taken === 0);
    await worker.stop();
    expect(began).toBe(1);
  });

  test('closing while a handler hangs does not wait for it, and its item comes back', async () => {
    const definition = queue<number>({ name: 'closing', silentMs: 300 });
    const hanging = await open();
    let began = 0;
    hanging.use(definition).work(() => {
      began++;
      return new Promise(() => {});
    });
    const items = redis.use(definition);
    await items.push(1);
    await until('it has begun', () => began === 1);
    await hanging.close({ drainMs: 100 });
    expect(await until('it is back', async () => (await items.pop()) ?? undefined)).toBe(1);
  });

  test('observers hear what happens, with the error', async () => {
    const events: RedisEvent[] = [];
    const observed = await open({ observe: (event) => events.push(event) });
    const items = observed.use(queue<string>({ name: 'seen', maxDeliveries: 2, retryMs: 10 }));
    const error = new Error('no such mailbox');
    const worker = items.work((item) => (item === 'bad' ? Promise.reject(error) : undefined));
    await items.push('good', 'bad');
    await until('it is dead', async () => (await items.sizes()).dead === 1);
    await worker.stop();
    expect(events).toEqual([
      { name: 'seen', what: 'handled', ms: expect.any(Number) },
      { name: 'seen', what: 'retry', error },
      { name: 'seen', what: 'dead-letter', error },
    ]);
  });

  test('only so many dead are kept, the oldest go, and replay takes as many as asked', async () => {
    const items = redis.use(queue<number>({ name: 'grave', maxDeliveries: 1, maxDead: 3 }));
    const worker = items.work(() => Promise.reject('as text'));
    await items.push(1, 2, 3, 4, 5);
    await until('all are dead', async () => {
      const { waiting, taken, dead } = await items.sizes();
      return waiting + taken === 0 && dead === 3;
    });
    await worker.stop();
    expect((await items.dead()).map(({ item, reason }) => [item, reason])).toEqual(
      [5, 4, 3].map((item) => [item, 'as text']),
    );
    expect((await items.dead({ skip: 1, count: 1 })).map(({ item }) => item)).toEqual([4]);
    expect(await server.cli('HLEN', 'test:{grave}:items')).toBe('3');
    expect(await items.replay('all')).toBe(3);
    expect([await items.pop(), await items.pop(), await items.pop()]).toEqual([3, 4, 5]);
    expect(await items.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('ten thousand items at once', async () => {
    const items = redis.use(queue<number>({ name: 'many' }));
    await items.push(...Array.from({ length: 10_000 }, (_, i) => i));
    expect((await items.sizes()).waiting).toBe(10_000);
    expect([await items.pop(), await items.pop()]).toEqual([0, 1]);
  });
});

describe.each(extremes())('on $name $version', (engine) => {
  test('a server that is full refuses new items, and its queue can be emptied', async () => {
    const directives = [...generatedUser(engine), ['maxmemory', '6mb'], ['maxmemory-policy', 'noeviction']];
    await using server = await startServer({ engine, directives });
    const redis = await openRedis(connect, standaloneStack(server), { env });
    onTestFinished(() => redis.close({ drainMs: 200 }));
    const items = redis.use(queue<string>({ name: 'full', retryMs: 10, maxDeliveries: 2 }));
    let pushed = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await items.push(`${pushed} ${'x'.repeat(10_000)}`);
        pushed++;
      }
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'redis/refused',
      message: expect.stringContaining('OOM'),
    });
    // Full beyond doubt, also for the smallest command.
    await server.cli('CONFIG', 'SET', 'maxmemory', '1mb');
    const handled: string[] = [];
    const worker = items.work((item) => {
      handled.push(item.slice(0, item.indexOf(' ')));
      if (handled.length === 1) throw new Error('once');
    });
    await until('it is empty', async () => {
      const { waiting, taken, later } = await items.sizes();
      return waiting + taken + later === 0;
    });
    await worker.stop();
    expect(new Set(handled).size).toBe(pushed);
  });

  test('a server that evicts is refused before the first use', async () => {
    const directives = [...generatedUser(engine), ['maxmemory', '50mb'], ['maxmemory-policy', 'allkeys-lru']];
    await using server = await startServer({ engine, directives });
    const events: RedisEvent[] = [];
    const redis = await openRedis(connect, standaloneStack(server), { env, observe: (e) => events.push(e) });
    onTestFinished(() => redis.close({ drainMs: 200 }));
    const definition = queue<number>({ name: 'evicted' });
    await expect(redis.open({ definition })).rejects.toMatchObject({ code: 'redis/may-evict' });
    const items = redis.use(definition);
    for (const use of [() => items.push(1), () => items.pushLater(1, 10), () => items.pop()])
      await expect(use()).rejects.toMatchObject({ code: 'redis/may-evict' });
    const worker = items.work(() => {});
    await until('the worker says so', () => events.length > 0);
    expect(events[0]).toMatchObject({ what: 'worker-failed', error: { code: 'redis/may-evict' } });
    await worker.stop();
    expect(await server.cli('DBSIZE')).toBe('0');
  });
});
