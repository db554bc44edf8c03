import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import { lock } from '../src/locks.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import { bundle, type Program, run } from './child.ts';
import { gatedLoader, timed } from './loader.ts';
import { openLossyDoor } from './lossy-door.ts';
import { openSlowDoor } from './slow-door.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

const byId = { key: (id: string) => [id] };
const inProcesses = lock<string>({ ...byId, name: 'process', ttlMs: 1500 });

let holder: Program;
beforeAll(async () => {
  holder = await bundle('lock-process.ts');
});
afterAll(() => holder.dispose());

describe('a lock', () => {
  let server: Server;
  let redis: Redis;
  const opened: Redis[] = [];
  const open = async (options: RedisOptions = {}, port = server.port): Promise<Redis> => {
    const one = await openRedis(connect, standaloneStack({ port }), { env, ...options });
    opened.push(one);
    return one;
  };
  const start = (...words: readonly string[]) => {
    const child = run(holder, String(server.port), ...words);
    onTestFinished(() => child.kill());
    return child;
  };

  beforeEach(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
    redis = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close({ drainMs: 200 })));
    await server.dispose();
  });

  test('three processes add to a number: none is lost, and fences grow with it', async () => {
    const children = ['a', 'b', 'c'].map(() => start('count', '5000', '40'));
    expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0, 0]);
    const said = children.flatMap(({ lines }) => lines.map((line) => line.split(' ').map(Number)));
    const inOrder = said.sort(([a = 0], [b = 0]) => a - b);
    expect(inOrder.map(([number]) => number)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    for (const [i, [, fence = 0]] of inOrder.entries())
      expect(fence).toBeGreaterThan(inOrder[i - 1]?.[1] ?? 0);
  });

  test('a holder that was killed blocks no longer than its time', async () => {
    const child = start('hold', '1500');
    await until('it holds the lock', () => child.lines.length > 0);
    await child.kill();
    const locks = redis.use(inProcesses);
    expect(await locks.tryWith('shared', () => {})).toEqual({ done: false });
    const next = await locks.with('shared', ({ fence }) => fence, { waitMs: 20_000 });
    expect(next).toBeGreaterThan(Number(child.lines[0]?.split(' ')[1]));
  });

  test('a holder that was paused for too long is told when it wakes, and its fence is old', async () => {
    const child = start('hold', '1500');
    await until('it holds the lock', () => child.lines.length > 0);
    child.signal('SIGSTOP');
    const held = gatedLoader('result');
    const next = redis.use(inProcesses).with(
      'shared',
      async ({ fence }) => {
        await held.load();
        return fence;
      },
      { waitMs: 20_000 },
    );
    await held.entered;
    child.signal('SIGCONT');
    await until('it is told', () => child.lines.length > 1);
    expect(child.lines[1]).toBe('lost redis/lock-lost');
    // What it gives back is not the lock of the next.
    await child.ended();
    expect(await redis.use(inProcesses).tryWith('shared', () => {})).toEqual({ done: false });
    held.open();
    expect(await next).toBeGreaterThan(Number(child.lines[0]?.split(' ')[1]));
  });

  test('frozen for longer than the lock lasts: the work is aborted before it can be another one’s', async () => {
    const ttlMs = 4000;
    const locks = redis.use(lock<string>({ ...byId, name: 'frozen', ttlMs }));
    const outcome = await locks
      .with('a', async ({ signal }) => {
        server.freeze();
        const frozenAt = performance.now();
        await once(signal, 'abort');
        const afterMs = performance.now() - frozenAt;
        // The server can have heard of it until it froze, so that is when its time began at the earliest.
        expect(afterMs).toBeLessThan(ttlMs);
        expect(afterMs).toBeGreaterThan(ttlMs / 3);
        expect(signal.reason).toMatchObject({ code: 'redis/lock-lost' });
        return 'done';
      })
      .catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: 'redis/lock-lost' });
    server.thaw();
    expect(await locks.with('a', () => 'again', { waitMs: 20_000 })).toBe('again');
  });

  test('frozen for less: nobody is told, and the lock is kept', async () => {
    const locks = redis.use(lock<string>({ ...byId, name: 'kept', ttlMs: 3000 }));
    const other = (await open()).use(lock<string>({ ...byId, name: 'kept', ttlMs: 3000 }));
    await locks.with('a', async ({ signal }) => {
      server.freeze();
      await sleep(1200);
      server.thaw();
      // Longer than it could have lasted without being extended.
      await sleep(2500);
      expect(signal.aborted).toBe(false);
      expect(await other.tryWith('a', () => {})).toEqual({ done: false });
    });
    expect(await other.tryWith('a', () => 1)).toEqual({ done: true, result: 1 });
  });

  test('frozen: asking for it ends, and leaves no lock behind', async () => {
    const quick = await open({ writeWithinMs: 500 });
    const locks = quick.use(lock<string>({ ...byId, name: 'asked', ttlMs: 60_000 }));
    await locks.with('first', () => {});
    server.freeze();
    let isRun = false;
    const { value, ms } = await timed(() =>
      locks
        .with('a', () => {
          isRun = true;
        })
        .catch((error: unknown) => error),
    );
    expect(value).toMatchObject({ code: 'redis/deadline' });
    expect(ms).toBeLessThan(5000);
    server.thaw();
    // The question was on its way; its late answer is taken back.
    await until('it is free', async () => (await server.cli('EXISTS', 'test:asked:{a}')) === '0');
    expect(isRun).toBe(false);
  });

  test('frozen while it is held: whoever is done does not wait for it', async () => {
    const locks = redis.use(lock<string>({ ...byId, name: 'done', ttlMs: 60_000 }));
    const { value, ms } = await timed(() =>
      locks.with('a', () => {
        server.freeze();
        return 'done';
      }),
    );
    expect(value).toBe('done');
    expect(ms).toBeLessThan(5000);
    server.thaw();
    await until('it is given back', async () => (await server.cli('EXISTS', 'test:done:{a}')) === '0');
  });

  test('answers that come after the lock has ended give no lock', async () => {
    const door = await openSlowDoor(server.port);
    const late = await open({ writeWithinMs: 2500, silentAfterMs: 60_000 }, door.port);
    const locks = late.use(lock<string>({ ...byId, name: 'late', ttlMs: 300 }));
    expect(await locks.with('a', () => 1)).toBe(1);
    door.delayMs = 400;
    let isRun = false;
    const outcome = await locks
      .with('a', () => {
        isRun = true;
      })
      .catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: 'redis/deadline' });
    expect(isRun).toBe(false);
    door.delayMs = 100;
    // Late, but not too late.
    await sleep(500);
    expect(await locks.with('a', () => 2, { waitMs: 5000 })).toBe(2);
    door.close();
  });

  test('a lost answer does not lock the asker out', async () => {
    const door = await openLossyDoor(server.port);
    const here = await open({}, door.port);
    const locks = here.use(lock<string>({ ...byId, name: 'answer', ttlMs: 60_000 }));
    await locks.with('a', () => {});
    door.loseAnswerTo('answer:{a}:fence');
    expect(await locks.with('a', ({ fence }) => fence > 0)).toBe(true);
    expect(door.hasLost()).toBe(true);
    expect(await server.cli('EXISTS', 'test:answer:{a}')).toBe('0');
    door.close();
  });

  test('several: while one is waited for, those that are held are kept', async () => {
    const short = lock<string>({ ...byId, name: 'several', ttlMs: 1200 });
    const other = (await open()).use(short);
    const held = gatedLoader('result');
    const first = other.with('b', held.load);
    await held.entered;
    const all = redis.use(short).withAll(['c', 'b', 'a'], () => 'all', { waitMs: 20_000 });
    await until('a is taken', async () => (await other.tryWith('a', () => {})).done === false);
    const endAt = performance.now() + 2000;
    while (performance.now() < endAt) {
      expect(await other.tryWith('a', () => {})).toEqual({ done: false });
      await sleep(20);
    }
    held.open();
    expect(await Promise.all([first, all])).toEqual(['result', 'all']);
  });

  test('one that was lost while others were waited for is an error', async () => {
    const short = lock<string>({ ...byId, name: 'missed', ttlMs: 600 });
    const other = (await open()).use(short);
    const held = gatedLoader('result');
    const first = other.with('b', held.load);
    await held.entered;
    let isRun = false;
    const work = () => {
      isRun = true;
    };
    const all = redis.use(short).withAll(['a', 'b'], work, { waitMs: 20_000 });
    all.catch(() => {});
    await until('a is taken', async () => (await server.cli('EXISTS', 'test:missed:{a}')) === '1');
    await server.cli('SET', 'test:missed:{a}', 'of another one');
    await sleep(600);
    held.open();
    await first;
    await expect(all).rejects.toMatchObject({ code: 'redis/lock-lost' });
    expect(isRun).toBe(false);
    expect(await server.cli('GET', 'test:missed:{a}')).toBe('of another one');
    expect(await other.tryWith('b', () => 1)).toEqual({ done: true, result: 1 });
  });

  test('a connection that is closed ends the lock for who still works', async () => {
    const closing = await open();
    const told: string[] = [];
    const outcome = closing
      .use(lock<string>({ ...byId, name: 'closed', ttlMs: 1000 }))
      .with('a', async ({ signal }) => {
        void closing.close({ drainMs: 0 });
        await until('it is aborted', () => signal.aborted, { everyMs: 5 });
        told.push((signal.reason as Error).message);
      });
    await expect(outcome).rejects.toMatchObject({ code: 'redis/lock-lost' });
    expect(told).toHaveLength(1);
    await expect(closing.use(inProcesses).with('a', () => 'not run')).rejects.toMatchObject({
      code: 'redis/closed',
    });
  });

  test('a server that drops keys is refused', async () => {
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    const one = await open();
    await expect(one.open({ locks: inProcesses })).rejects.toMatchObject({ code: 'redis/may-evict' });
    await expect(one.use(inProcesses).with('a', () => 'not run')).rejects.toMatchObject({
      code: 'redis/may-evict',
    });
  });

  test('observers hear of a loss', async () => {
    const told: string[] = [];
    const observed = await open({ observe: ({ name, what }) => void told.push(`${name} ${what}`) });
    const locks = observed.use(lock<string>({ ...byId, name: 'told', ttlMs: 300 }));
    const outcome = locks.with('a', async ({ signal }) => {
      await server.cli('DEL', 'test:told:{a}');
      await until('it is aborted', () => signal.aborted, { everyMs: 5 });
    });
    await expect(outcome).rejects.toMatchObject({ code: 'redis/lock-lost' });
    expect(told).toEqual(['told lock-lost']);
  });
});
