import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import { slotOf } from '../../src/slot.js';
import { type WriteBehind, type WriteBehindDefinition, writeBehind } from '../../src/write-behind.js';
import { shardTags } from '../../src/write-behind-scripts.js';
import { gatedLoader } from '../loader.ts';
import { Table } from '../source.ts';
import type { Contract, Ground } from './ground.ts';

type Options = Partial<WriteBehindDefinition<string, unknown>>;

/** Carts on their way to a table, as two processes see them; nobody flushes until a worker is started. */
function carts({ one, other }: Ground, name: string, options: Options = {}) {
  const table = new Table<unknown>();
  const definition = writeBehind<string, unknown>({
    name,
    key: (id) => [id],
    ttlMs: 60_000,
    maxDelayMs: 10,
    retryMs: 20,
    silentMs: 1000,
    shards: 2,
    flush: table.upsert,
    ...options,
  });
  return { table, here: one.use(definition), there: other.use(definition) };
}

function start<Id, Value>(behind: WriteBehind<Id, Value>) {
  const worker = behind.start();
  onTestFinished(() => worker.stop());
  return worker;
}

const quickly = { everyMs: 5 };

export const writesBehind: Contract = (ground) => {
  /** The key of a value, as the server has it. */
  const keyOf = (name: string, id: string, shards = 2) =>
    `test:{${shardTags(name, shards)[slotOf(encodeURIComponent(id) || '%') % shards]}}:value:${encodeURIComponent(id) || '%'}`;
  const ttl = async (name: string, id: string) => {
    const key = keyOf(name, id);
    return Number(await ground().cli(key, 'PTTL', key));
  };

  test('what was put is read at once everywhere, and reaches the source', async () => {
    const { here, there, table } = carts(ground(), 'behind');
    const version = await here.put('a', { items: 1 });
    expect(await there.get('a')).toEqual({ items: 1 });
    expect(await here.pending()).toBe(1);
    expect(table.written).toEqual([]);
    // -1 has no lifetime: it must not end before the source has it.
    expect(await ttl('behind', 'a')).toBe(-1);
    start(there);
    await here.drained();
    expect(table.rows.get('a')).toEqual({ value: { items: 1 }, version });
    const ms = await ttl('behind', 'a');
    expect(ms).toBeGreaterThan(50_000);
    expect(ms).toBeLessThanOrEqual(66_000);
    expect(await here.pending()).toBe(0);
  });

  test('versions are microseconds that grow with every change, from whichever process', async () => {
    const { here, there } = carts(ground(), 'versions');
    const versions: number[] = [];
    for (let i = 0; i < 20; i++) versions.push(await (i % 2 ? here : there).put('a', i));
    expect(versions.every(Number.isSafeInteger)).toBe(true);
    expect(versions.every((version, i) => version > (versions[i - 1] ?? 0))).toBe(true);
    expect(Math.abs((versions[0] ?? 0) / 1000 - Date.now())).toBeLessThan(60_000);
    // As after a failover to a server whose clock is behind.
    const clock = keyOf('versions', 'a').replace(/:value:.*/, ':clock');
    const ahead = (Math.max(...versions) + 3_600_000_000).toString();
    await ground().cli(clock, 'SET', clock, ahead);
    expect(await here.put('a', 'next')).toBe(Number(ahead) + 1);
    await ground().cli(clock, 'DEL', clock);
    expect(await here.put('a', 'last')).toBe(Number(ahead) + 2);
  });

  test('changes of a key become one, and every key ends with its last version', async () => {
    const { here, there, table } = carts(ground(), 'coalesced', { shards: 8 });
    const ids = Array.from({ length: 20 }, (_, i) => `cart ${i}`);
    const last = new Map<string, number>();
    const puts = Array.from({ length: 300 }, async (_, i) => {
      const id = ids[i % ids.length] ?? '';
      last.set(id, Math.max(last.get(id) ?? 0, await (i % 2 ? here : there).put(id, i)));
    });
    await Promise.all(puts);
    start(here);
    start(there);
    await here.drained();
    for (const id of ids) expect(table.rows.get(id)?.version).toBe(last.get(id));
    expect(table.written.length).toBeLessThan(150);
    for (const id of ids) expect(table.rows.get(id)?.value).toEqual(await there.get(id));
  });

  test('a removal is a change: gone at once here, and a little later from the source', async () => {
    const { here, there, table } = carts(ground(), 'removed', { load: async () => 'from the source' });
    await here.put('a', 1);
    const version = await here.remove('a');
    expect(await there.get('a')).toBeNull();
    start(here);
    await here.drained();
    expect(table.rows.get('a')).toEqual({ value: null, version });
    expect(await there.get('a')).toBeNull();
    const ms = await ttl('removed', 'a');
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(11_000);
    expect(await here.put('a', 2)).toBeGreaterThan(version);
    expect(await there.get('a')).toBe(2);
  });

  test('a bad change is found in its batch, tried a few times, and given up; it holds up no others', async () => {
    const table = new Table<unknown>();
    const tries = new Map<string, number>();
    const { here } = carts(ground(), 'poisoned', {
      maxDeliveries: 3,
      flush: (changes) => {
        for (const { key } of changes)
          if (changes.length === 1) tries.set(`${key}`, (tries.get(`${key}`) ?? 0) + 1);
        if (changes.some(({ value }) => value === 'bad')) throw new Error('value too long');
        table.upsert(changes);
      },
    });
    for (let i = 0; i < 40; i++) await here.put(`cart ${i}`, i === 17 ? 'bad' : i);
    start(here);
    await here.drained();
    expect(table.rows.size).toBe(39);
    const dead = await here.dead();
    expect(dead).toEqual([
      {
        id: expect.any(String),
        key: ['cart 17'],
        value: 'bad',
        version: expect.any(Number),
        isUnreadable: false,
        reason: 'value too long',
      },
    ]);
    expect(tries.get('cart 17')).toBe(3);
    // Still the truth, and still to come.
    expect(await here.get('cart 17')).toBe('bad');
    expect(await ttl('poisoned', 'cart 17')).toBe(-1);
  });

  test('dead changes can be revived or discarded; a later change makes them obsolete', async () => {
    let isBroken = true;
    const table = new Table<unknown>();
    const { here } = carts(ground(), 'revived', {
      maxDeliveries: 1,
      flush: (changes) => {
        if (isBroken && changes.some(({ value }) => value === 'bad')) throw new Error('no');
        table.upsert(changes);
      },
    });
    start(here);
    const bad = ['a', 'b', 'c'];
    for (const id of bad) await here.put(id, 'bad');
    await until('all are dead', async () => {
      // A source that takes nothing at all is ill, and nothing is given up.
      await here.put('good', 'good');
      return (await here.dead()).length === 3;
    });
    isBroken = false;
    await here.put('b', 'better');
    const dead = await here.dead();
    const [c] = dead.filter(({ key }) => key[0] === 'c');
    expect(await here.discard(c === undefined ? [] : [c])).toBe(1);
    expect(await here.revive(dead.filter(({ key }) => key[0] !== 'c'))).toBe(2);
    await here.drained();
    expect(await here.dead()).toEqual([]);
    expect([table.value('a'), table.value('b'), table.value('c')]).toEqual(['bad', 'better', null]);
    expect(table.versions('b')).toHaveLength(1);
    expect(await here.get('c')).toBeNull();
  });

  test('a change that failed is dropped once a later one of its key is there', async () => {
    const table = new Table<unknown>();
    let failures = 0;
    const { here } = carts(ground(), 'obsolete', {
      retryMs: 200,
      flush: (changes) => {
        if (changes.some(({ value }) => value === 'bad')) failures++;
        if (changes.some(({ value }) => value === 'bad')) throw new Error('no');
        table.upsert(changes);
      },
    });
    start(here);
    await here.put('a', 'bad');
    await until('it was tried', () => failures === 1, quickly);
    await here.put('a', 'good');
    await here.drained();
    expect(table.versions('a')).toHaveLength(1);
    expect(table.value('a')).toBe('good');
    expect(failures).toBe(1);
    expect(await here.dead()).toEqual([]);
  });

  test('while the source takes nothing, nothing is given up, and it catches up by itself', async () => {
    const table = new Table<unknown>();
    let isDown = true;
    let calls = 0;
    const { here } = carts(ground(), 'outage', {
      maxDeliveries: 2,
      silentMs: 200,
      flush: (changes) => {
        calls++;
        if (isDown) throw new Error('connection refused');
        table.upsert(changes);
      },
    });
    start(here);
    for (let i = 0; i < 4; i++) await here.put(`cart ${i}`, i);
    await until('it was tried many times', () => calls > 40, quickly);
    expect(await here.dead()).toEqual([]);
    expect(await here.pending()).toBe(4);
    isDown = false;
    await here.drained();
    expect(table.rows.size).toBe(4);
    expect(await here.dead()).toEqual([]);
  });

  test('what a worker left that died is taken over', async () => {
    const { here, table } = carts(ground(), 'left', { silentMs: 100, shards: 1 });
    await here.put('a', 1);
    const key = keyOf('left', 'a', 1).replace(/:value:.*/, ':log');
    await ground().cli(key, 'XGROUP', 'CREATE', key, 'flush', '0');
    await ground().cli(key, 'XREADGROUP', 'GROUP', 'flush', 'crashed', 'STREAMS', key, '>');
    start(here);
    await here.drained();
    expect(table.value('a')).toBe(1);
    await until(
      'its name is gone',
      async () => !(await ground().cli(key, 'XINFO', 'CONSUMERS', key, 'flush')).includes('crashed'),
    );
  });

  test('a change over which workers die is given up as well', async () => {
    const { here, table } = carts(ground(), 'deadly-behind', { silentMs: 100, shards: 1, maxDeliveries: 2 });
    await here.put('a', 1);
    const log = keyOf('deadly-behind', 'a', 1).replace(/:value:.*/, ':log');
    const cli = (...words: readonly string[]) => ground().cli(log, ...words);
    await cli('XGROUP', 'CREATE', log, 'flush', '0');
    await cli('XREADGROUP', 'GROUP', 'flush', 'crashed', 'STREAMS', log, '>');
    const id = (await cli('XRANGE', log, '-', '+')).split('\n')[0] ?? '';
    await cli('XCLAIM', log, 'flush', 'crashed', '0', id, 'RETRYCOUNT', '3');
    start(here);
    await here.drained();
    expect(table.written).toEqual([]);
    const reason = expect.stringContaining('did not end');
    expect(await here.dead()).toMatchObject([{ key: ['a'], value: 1, reason }]);
  });

  test('a flush that hangs is left after its time, and what it held is tried again', async () => {
    const table = new Table<unknown>();
    const reasons: unknown[] = [];
    const { here } = carts(ground(), 'hanging', {
      flushWithinMs: 50,
      flush: (changes, { signal }) => {
        if (reasons.length > 0) return table.upsert(changes);
        return new Promise(() => signal.addEventListener('abort', () => reasons.push(signal.reason.code)));
      },
    });
    start(here);
    await here.put('a', 1);
    await here.drained();
    expect(reasons).toEqual(['redis/handler-timeout']);
    expect(table.value('a')).toBe(1);
  });

  test('what Redis does not have is loaded once, and kept only if nothing was put meanwhile', async () => {
    let late = gatedLoader('old');
    let loads = 0;
    const { here, there } = carts(ground(), 'read', {
      load: (id) => {
        loads++;
        return id === 'none' ? Promise.resolve(undefined) : late.load();
      },
    });
    expect(await here.get('none')).toBeNull();
    expect(await there.get('none')).toBeNull();
    expect(loads).toBe(1);
    const reading = Promise.all([here.get('a'), here.get('a')]);
    await late.entered;
    await there.put('a', 'new');
    late.open();
    expect(await reading).toEqual(['old', 'old']);
    expect(loads).toBe(2);
    expect(await here.get('a')).toBe('new');
    late = gatedLoader('loaded');
    late.open();
    expect(await here.get('b')).toBe('loaded');
    expect(await there.get('b')).toBe('loaded');
    expect(loads).toBe(3);
    expect(await ttl('read', 'b')).toBeGreaterThan(0);
  });

  test('a load that fails or hangs is the caller’s, and the next caller loads', async () => {
    let how: 'fail' | 'hang' | 'work' = 'fail';
    const { here, there } = carts(ground(), 'unread', {
      hardTimeoutMs: 50,
      load: async () => {
        if (how === 'fail') throw new Error('no such table');
        if (how === 'hang') await new Promise(() => {});
        return 'found';
      },
    });
    await expect(here.get('a')).rejects.toThrow('no such table');
    how = 'hang';
    await expect(there.get('a')).rejects.toMatchObject({ code: 'redis/load-timeout' });
    how = 'work';
    expect(await here.get('a')).toBe('found');
  });

  test('closing flushes what waits', async () => {
    const table = new Table<unknown>();
    const redis = await ground().open();
    const shards = 8;
    const patient = { batch: 3, maxDelayMs: 60_000, shards, flush: table.upsert };
    const behind = redis.use(
      writeBehind<string, number>({ name: 'closed', key: (id) => [id], ttlMs: 60_000, ...patient }),
    );
    const ids = Array.from({ length: 50 }, (_, index) => `cart ${index}`);
    const firsts = [...new Map(ids.map((id) => [slotOf(encodeURIComponent(id)) % shards, id])).values()];
    expect(firsts).toHaveLength(shards);
    for (const id of firsts) await behind.put(id, 1);
    behind.start();
    // Less than a batch: each shard looks again after a minute only.
    await until('each shard has had its first look', () => table.rows.size === shards, quickly);
    await Promise.all(ids.filter((id) => !firsts.includes(id)).map((id) => behind.put(id, 2)));
    expect(table.rows.size).toBe(shards);
    await redis.close();
    expect(table.rows.size).toBe(50);
  });

  test('a stop ends after what is in hand and leaves the rest to others', async () => {
    const { here, there, table } = carts(ground(), 'stopped');
    const worker = here.start();
    await here.put('a', 1);
    await here.drained();
    await worker.stop();
    await here.put('a', 2);
    await sleep(50);
    expect(table.value('a')).toBe(1);
    start(there);
    await here.drained();
    expect(table.value('a')).toBe(2);
  });

  test('what is no value is refused; a schema is asked before and after', async () => {
    const { here } = carts(ground(), 'typed-behind', { schema: v.number() });
    const bad = { code: 'redis/bad-use' };
    for (const value of [undefined, null, 'text', () => 1])
      await expect(here.put('a', value)).rejects.toMatchObject(bad);
    expect(await here.pending()).toBe(0);
    // Put by a process that knows another schema.
    const loose = carts(ground(), 'typed-behind', { load: async () => 7 });
    await loose.here.put('a', 'text');
    await loose.here.put('b', 1);
    const table = new Table<unknown>();
    const strict = carts(ground(), 'typed-behind', {
      schema: v.number(),
      maxDeliveries: 2,
      flush: table.upsert,
      load: async () => 7,
    });
    expect(await strict.there.get('a')).toBe(7);
    start(strict.here);
    await strict.here.drained();
    expect(table.rows.size).toBe(1);
    expect(await strict.here.dead()).toMatchObject([{ key: ['a'], value: null, isUnreadable: true }]);
  });

  test('another number of shards is refused, since changes would be looked for in the wrong places', async () => {
    await carts(ground(), 'agreed').here.put('a', 1);
    const other = carts(ground(), 'agreed', { shards: 3 });
    await expect(other.there.put('a', 1)).rejects.toMatchObject({ code: 'redis/bad-use' });
    await expect(other.there.get('a')).rejects.toMatchObject({ code: 'redis/bad-use' });
  });

  test('ids may be any text, and parts come back as they were', async () => {
    const { here, table } = carts(ground(), 'ids-behind');
    const ids = ['', '{b}', 'a:b', 'ü \n', '}{', 'x'.repeat(200)];
    for (const id of ids) await here.put(id, id.length);
    start(here);
    await here.drained();
    expect(new Set(table.written.map(({ key }) => key[0]))).toEqual(new Set(ids));
    for (const id of ids) expect(await here.get(id)).toBe(id.length);
  });
};
