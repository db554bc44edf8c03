import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { freePort, type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { cache } from '../src/cache-aside.js';
import { openRedis, type Redis } from '../src/redis.js';
import type { Library } from './contract/ground.ts';
import { libraries } from './contract/libraries.ts';
import { countingLoader, timed } from './loader.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

const things = cache<string, string>({ name: 'thing', key: (id) => [id], ttlMs: 60_000 });
const deadlineMs = 150;

const directives = generatedUser(newest('redis'));

describe.each(libraries)('when Redis does not answer, $name', ({ standalone: connect }: Library) => {
  let server: Server;
  let redis: Redis;

  beforeEach(async () => {
    server = await startServer({ engine: newest('redis'), directives });
    redis = await openRedis(connect, standaloneStack(server), { env, deadlineMs, writeWithinMs: 1000 });
  });
  afterEach(async () => {
    await redis.close({ drainMs: 100 });
    await server.dispose();
  });

  test('frozen: one caller pays the deadline, the next ones nothing, and it is found again', async () => {
    const users = redis.use(things);
    await users.getOrSet('a', async () => 'cached');
    server.freeze();
    const loader = countingLoader(() => 'loaded', 5);
    const first = await timed(() => users.getOrSet('a', loader.load));
    expect(first.value).toBe('loaded');
    expect(first.ms).toBeGreaterThan(deadlineMs - 10);
    expect(first.ms).toBeLessThan(2000);
    for (let call = 0; call < 20; call++) {
      expect((await timed(() => users.getOrSet(`b${call}`, loader.load))).ownMs).toBeLessThan(deadlineMs);
    }
    const many = await timed(() => users.getMany(['x', 'y'], async (ids) => [...ids]));
    expect(many.value).toEqual(['x', 'y']);
    expect(many.ownMs).toBeLessThan(deadlineMs);
    server.thaw();
    await until('Redis is asked again', () => redis.resting().length === 0, { timeoutMs: 5000 });
    expect(await users.getOrSet('a', loader.load)).toBe('cached');
  });

  test('frozen for longer than the socket timeout: found again after that', async () => {
    const users = redis.use(things);
    server.freeze();
    await users.getOrSet('a', async () => 'loaded');
    // Long enough for the background reads to be further apart than that timeout.
    await sleep(8000);
    server.thaw();
    await until('Redis is asked again', () => redis.resting().length === 0, { timeoutMs: 8000 });
    await redis.ping();
  });

  test('an idle connection stays', async () => {
    const errors: Error[] = [];
    const onError = (error: Error) => errors.push(error);
    const idle = await openRedis(connect, standaloneStack(server), { env, onError });
    await sleep(4000);
    expect(errors).toEqual([]);
    await idle.close();
  });

  test('frozen: callers of one key still share one load', async () => {
    const users = redis.use(things);
    server.freeze();
    const loader = countingLoader(() => 'loaded', 30);
    await Promise.all(Array.from({ length: 50 }, () => users.getOrSet('a', loader.load)));
    expect(loader.calls).toBe(1);
  });

  test('frozen: invalidate and direct writes reject in time', async () => {
    server.freeze();
    const write = await timed(() =>
      Promise.allSettled([redis.use(things).invalidate('a'), redis.direct.set('k', 'v'), redis.ping(500)]),
    );
    expect(write.value).toMatchObject(Array(3).fill({ reason: { code: 'redis/deadline' } }));
    expect(write.ms).toBeLessThan(5000);
  });

  test('frozen: closing does not wait for it', async () => {
    server.freeze();
    const pending = redis.direct.set('k', 'v').catch((error: unknown) => error);
    const closing = await timed(() => redis.close({ drainMs: 300 }));
    expect(closing.ms).toBeLessThan(5000);
    await expect(pending).resolves.toBeInstanceOf(Error);
  });

  test('dead: the loader answers at once, and the restarted server is used again', async () => {
    const users = redis.use(things);
    await server.kill();
    const loader = countingLoader(() => 'loaded', 5);
    const first = await timed(() => users.getOrSet('a', loader.load));
    expect(first.value).toBe('loaded');
    expect(first.ms).toBeLessThan(2000);
    for (let call = 0; call < 20; call++) {
      expect((await timed(() => users.getOrSet('a', loader.load))).ownMs).toBeLessThan(deadlineMs);
    }
    await server.restart();
    await until('Redis is asked again', () => redis.resting().length === 0, { timeoutMs: 8000 });
    await users.getOrSet('a', async () => 'cached');
    expect(await users.getOrSet('a', async () => 'not asked')).toBe('cached');
  });

  test('dead: a direct write waits for the restart', async () => {
    const patient = await openRedis(connect, standaloneStack(server), { env });
    await server.kill();
    const write = patient.direct.set('k', 'v');
    await server.restart();
    await write;
    expect(await server.cli('GET', 'test:k')).toBe('v');
    await patient.close();
  });
});

describe.each(libraries)('$name', ({ standalone: connect }: Library) => {
  test('a wrong password says so within the time allowed', async () => {
    await using server = await startServer({ engine: newest('redis'), directives });
    const opening = openRedis(connect, standaloneStack(server), {
      env: { APP_PASSWORD: 'wrong' },
      connectWithinMs: 300,
    });
    await expect(opening).rejects.toMatchObject({
      code: 'redis/unreachable',
      message: expect.stringContaining('WRONGPASS'),
    });
  });

  test('an application can start without Redis and finds it later', async () => {
    const port = await freePort();
    const options = { env, connectWithinMs: 200, startWithout: true };
    await expect(
      openRedis(connect, standaloneStack({ port }), { ...options, startWithout: false }),
    ).rejects.toThrow(`127.0.0.1:${port}`);
    const redis = await openRedis(connect, standaloneStack({ port }), options);
    const users = redis.use(things);
    expect(await users.getOrSet('a', async () => 'loaded')).toBe('loaded');
    await using server = await startServer({ engine: newest('redis'), port, directives });
    await redis.direct.set('k', 'v');
    expect(await server.cli('GET', 'test:k')).toBe('v');
    await redis.close();
  });

  test('a connection that was never made can be closed', async () => {
    const port = await freePort();
    const errors: Error[] = [];
    const redis = await openRedis(connect, standaloneStack({ port }), {
      env,
      connectWithinMs: 100,
      startWithout: true,
      onError: (error) => errors.push(error),
    });
    await redis.close();
    await expect(redis.direct.get('k')).rejects.toMatchObject({ code: 'redis/closed' });
    const before = errors.length;
    await using server = await startServer({ engine: newest('redis'), port, directives });
    await sleep(1500);
    expect(errors).toHaveLength(before);
    expect(await server.cli('CLIENT', 'LIST')).not.toContain('name=test');
  });
});
