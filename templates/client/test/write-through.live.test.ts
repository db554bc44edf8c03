import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { extremes } from '../../../tests/support/matrix.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import { openRedis, type Redis } from '../src/redis.js';
import { type WriteThrough, writeThrough } from '../src/write-through.js';
import { timed } from './loader.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

interface Price {
  readonly rev: number;
  readonly cents: number;
}

const deadlineMs = 150;

describe.each(extremes())('write-through without Redis, $name $version', (engine) => {
  let server: Server;
  let redis: Redis;
  let prices: WriteThrough<string, Price>;
  let rows: Map<string, Price>;
  let loads = 0;

  beforeEach(async () => {
    server = await startServer({ engine, directives: generatedUser(engine) });
    redis = await openRedis(connect, standaloneStack(server), { env, deadlineMs, writeWithinMs: 1000 });
    rows = new Map();
    loads = 0;
    prices = redis.use(
      writeThrough<string, Price>({
        name: 'price',
        key: (id) => [id],
        ttlMs: 60_000,
        version: ({ rev }) => rev,
        load: async (id) => {
          loads++;
          return rows.get(id);
        },
        write: async (id, { cents }) => {
          const row = { rev: (rows.get(id)?.rev ?? 0) + 1, cents };
          rows.set(id, row);
          return row;
        },
      }),
    );
  });
  afterEach(async () => {
    await redis.close({ drainMs: 100 });
    await server.dispose();
  });

  test('frozen: the source answers within the deadline, then at once, and callers share a load', async () => {
    rows.set('a', { rev: 1, cents: 1 });
    await prices.get('a');
    server.freeze();
    rows.set('a', { rev: 2, cents: 2 });
    const first = await timed(() => prices.get('a'));
    expect(first.value).toEqual({ rev: 2, cents: 2 });
    expect(first.ms).toBeGreaterThan(deadlineMs - 10);
    expect(first.ms).toBeLessThan(2000);
    const before = loads;
    await Promise.all(Array.from({ length: 20 }, () => prices.get('b')));
    expect(loads).toBe(before + 1);
    expect((await timed(() => prices.get('c'))).ownMs).toBeLessThan(deadlineMs);
    server.thaw();
    await until('Redis is asked again', () => redis.resting().length === 0);
    expect(await prices.get('c')).toBeNull();
  });

  test('frozen: save says that the source has the value and Redis does not; saving again puts that right', async () => {
    await prices.save('a', { rev: 0, cents: 1 });
    server.freeze();
    const save = await timed(() => prices.save('a', { rev: 0, cents: 2 }).catch((error: unknown) => error));
    expect(save.value).toMatchObject({ code: 'redis/unconfirmed', cause: { code: 'redis/deadline' } });
    expect(save.ms).toBeLessThan(5000);
    expect(rows.get('a')).toEqual({ rev: 2, cents: 2 });
    await expect(prices.invalidate('a')).rejects.toMatchObject({ code: 'redis/deadline' });
    server.thaw();
    await until('Redis is asked again', () => redis.resting().length === 0);
    await prices.save('a', { rev: 0, cents: 3 });
    expect(await prices.get('a')).toEqual({ rev: 3, cents: 3 });
  });

  test('an outage during the write: nothing old is left behind', async () => {
    await prices.save('a', { rev: 0, cents: 1 });
    const patient = await openRedis(connect, standaloneStack(server), { env, deadlineMs });
    const slow = patient.use(
      writeThrough<string, Price>({
        name: 'price',
        key: (id) => [id],
        ttlMs: 60_000,
        version: ({ rev }) => rev,
        load: async (id) => rows.get(id),
        write: async (id, { cents }) => {
          await server.kill();
          rows.set(id, { rev: 2, cents });
          return { rev: 2, cents };
        },
      }),
    );
    const saving = slow.save('a', { rev: 0, cents: 2 });
    await until('it is written', () => rows.get('a')?.rev === 2);
    await server.restart();
    expect(await saving).toEqual({ rev: 2, cents: 2 });
    await patient.close();
    await until('Redis is asked again', () => redis.resting().length === 0);
    expect(await prices.get('a')).toEqual({ rev: 2, cents: 2 });
    expect(await prices.get('a')).toEqual({ rev: 2, cents: 2 });
  });

  test('full: saved and invalidated values are gone rather than old, and the source answers', async () => {
    await prices.save('a', { rev: 0, cents: 1 });
    await prices.save('b', { rev: 0, cents: 1 });
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await prices.save('a', { rev: 0, cents: 2 })).toEqual({ rev: 2, cents: 2 });
    expect(await prices.get('a')).toEqual({ rev: 2, cents: 2 });
    rows.set('b', { rev: 2, cents: 2 });
    await prices.invalidate('b');
    expect(await prices.get('b')).toEqual({ rev: 2, cents: 2 });
    expect(await server.cli('DBSIZE')).toBe('0');
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await prices.get('a')).toEqual({ rev: 2, cents: 2 });
    expect(await server.cli('DBSIZE')).toBe('1');
  });
});
