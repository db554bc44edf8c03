import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import { type QueueDelivery, queue, type Worker } from '../../src/queues.js';
import { slotOf } from '../../src/slot.js';
import type { Contract } from './ground.ts';

const fifo = queue<unknown>({ name: 'queue-fifo' });
const shared = queue<number>({ name: 'queue-shared' });
const strict = queue<number>({ name: 'queue-strict', schema: v.number() });
const failing = queue<string>({ name: 'queue-failing', maxDeliveries: 3, retryMs: 40 });
const cut = queue<string>({ name: 'queue-cut' });
const slow = queue<string>({ name: 'queue-slow', maxDeliveries: 1 });
const later = queue<string>({ name: 'queue-later' });

/** Stopped when the test is over. */
function during(worker: Worker): Worker {
  onTestFinished(() => worker.stop());
  return worker;
}

export const queues: Contract = (ground) => {
  test('first in, first out, equal items too, for whichever process asks', async () => {
    const [here, there] = [ground().one.use(fifo), ground().other.use(fifo)];
    const ids = [
      ...(await here.push('a', 'b', 'b')),
      ...(await there.push(0, '', false, { deep: ['ü', 1.5] })),
    ];
    expect(new Set(ids).size).toBe(7);
    expect(await here.sizes()).toEqual({ waiting: 7, taken: 0, later: 0, dead: 0 });
    const popped = [];
    for (let i = 0; i < 8; i++) popped.push(await (i % 2 ? here : there).pop());
    expect(popped).toEqual(['a', 'b', 'b', 0, '', false, { deep: ['ü', 1.5] }, null]);
    expect(await here.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('what has no JSON is refused, and nothing of it is added', async () => {
    const items = ground().one.use(fifo);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const bad of [null, undefined, () => 1, 1n, cycle])
      await expect(items.push('good', bad), String(bad)).rejects.toMatchObject({ code: 'redis/bad-use' });
    await expect(items.pushLater('x', Number.NaN)).rejects.toMatchObject({ code: 'redis/bad-use' });
    expect(await items.pop()).toBeNull();
  });

  test('all keys are in one slot and have no lifetime', async () => {
    const items = ground().one.use(fifo);
    await items.push('a', 'b');
    await items.pop();
    const keys = (await ground().cli('test:{queue-fifo}', 'KEYS', 'test:{queue-fifo}*')).split('\n');
    expect(keys).toContain('test:{queue-fifo}:waiting');
    expect(new Set(keys.map(slotOf)).size).toBe(1);
    for (const key of keys) expect(await ground().cli(key, 'PTTL', key), key).toBe('-1');
    await items.pop();
  });

  test('workers of two processes share the items, each is handled once', async () => {
    const { one, other } = ground();
    const handled: number[] = [];
    const handle = (item: number) => handled.push(item);
    for (const redis of [one, one, other]) during(redis.use(shared).work(handle));
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    await other.use(shared).push(...numbers);
    await until(
      'all are handled',
      async () => (await one.use(shared).sizes()).waiting === 0 && handled.length >= 50,
      {
        everyMs: 10,
      },
    );
    expect(handled.sort((a, b) => a - b)).toEqual(numbers);
    await until(
      'none is kept',
      async () => (await ground().cli(itemsOf(shared), 'EXISTS', itemsOf(shared))) === '0',
    );
  });

  test('what the schema does not know goes to the dead ones at once', async () => {
    const { one, other } = ground();
    const numbers = one.use(strict);
    await other.use(queue<unknown>({ name: strict.name })).push('not a number');
    await numbers.push(1);
    expect(await numbers.pop()).toBe(1);
    expect(await numbers.dead()).toMatchObject([
      {
        item: undefined,
        json: '"not a number"',
        reason: 'It is not what the schema describes.',
        deliveries: 1,
      },
    ]);
    expect(await numbers.discard('all')).toBe(1);
    expect(await numbers.sizes()).toEqual({ waiting: 0, taken: 0, later: 0, dead: 0 });
  });

  test('a failing item is tried again after growing pauses, then dead with the reason, and can be replayed', async () => {
    const items = ground().one.use(failing);
    const tries: { at: number; id: string; count: number }[] = [];
    let isMended = false;
    during(
      items.work((_item, { id, count }) => {
        tries.push({ at: performance.now(), id, count });
        if (!isMended) throw new Error('no such mailbox');
      }),
    );
    const [id = ''] = await items.push('poison');
    await until('it is dead', async () => (await items.sizes()).dead === 1, { everyMs: 10 });
    expect(tries.map(({ id, count }) => [id, count])).toEqual([1, 2, 3].map((count) => [id, count]));
    const [first = 0, second = 0, third = 0] = tries.map(({ at }) => at);
    expect(second - first).toBeGreaterThan(35);
    expect(third - second).toBeGreaterThan(75);
    const [dead] = await items.dead();
    expect(dead).toMatchObject({
      id,
      item: 'poison',
      json: '"poison"',
      reason: 'no such mailbox',
      deliveries: 3,
    });
    expect(Math.abs(Date.now() - Number(dead?.at))).toBeLessThan(60_000);
    isMended = true;
    expect(await items.replay(['unknown', id])).toBe(1);
    await until('it is handled', async () => tries.length === 4 && (await items.sizes()).taken === 0);
    expect(tries.at(-1)).toMatchObject({ id, count: 1 });
    expect(await items.dead()).toEqual([]);
  });

  test('a stop cuts the handler short, and its item is the next, untried', async () => {
    const { one, other } = ground();
    const seen: QueueDelivery[] = [];
    const hanging = (_item: string, delivery: QueueDelivery) => {
      seen.push(delivery);
      return new Promise((_resolve, reject) => {
        delivery.signal.addEventListener('abort', () => reject(delivery.signal.reason));
      });
    };
    const worker = during(one.use(cut).work(hanging));
    const [id] = await other.use(cut).push('first', 'second');
    await until('the first is in hand', () => seen.length === 1);
    expect(await other.use(cut).sizes()).toMatchObject({ waiting: 1, taken: 1 });
    await worker.stop();
    expect(await other.use(cut).sizes()).toMatchObject({ waiting: 2, taken: 0, later: 0 });
    const after: [string, QueueDelivery][] = [];
    during(other.use(cut).work((item, delivery) => after.push([item, delivery])));
    await until('both are handled', () => after.length === 2);
    expect(after.map(([item, { count }]) => [item, count])).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
    expect(after[0]?.[1].id).toBe(id);
  });

  test('a handler that hangs counts as failed, and the worker goes on', async () => {
    const items = ground().one.use(slow);
    const seen: string[] = [];
    let reason: unknown;
    const handle = (item: string, { signal }: QueueDelivery) => {
      seen.push(item);
      signal.addEventListener('abort', () => {
        reason = signal.reason;
      });
      return item === 'hangs' ? new Promise(() => {}) : undefined;
    };
    during(items.work(handle, { handleWithinMs: 50 }));
    await items.push('hangs', 'works');
    await until('both were seen', () => seen.length === 2);
    expect(reason).toMatchObject({ code: 'redis/handler-timeout' });
    await until('it is dead', async () => (await items.dead())[0]?.reason.includes('took longer than 50 ms'));
  });

  test('items for later come in the order of their time, not before it, to pop alone', async () => {
    const { one, other } = ground();
    const items = one.use(later);
    const start = performance.now();
    await items.pushLater('second', 240);
    await other.use(later).pushLater('first', 120);
    await items.push('now');
    expect(await items.sizes()).toMatchObject({ waiting: 1, later: 2 });
    const due: [string, number][] = [];
    while (due.length < 3 && performance.now() - start < 10_000) {
      const item = await other.use(later).pop();
      if (item !== null) due.push([item, performance.now() - start]);
    }
    expect(due.map(([item]) => item)).toEqual(['now', 'first', 'second']);
    expect(due[1]?.[1]).toBeGreaterThanOrEqual(120);
    expect(due[2]?.[1]).toBeGreaterThanOrEqual(240);
  });

  test('a waiting worker is woken by a push, and looks when something is due', async () => {
    const items = ground().one.use(later);
    const seen: [string, number][] = [];
    during(items.work((item) => seen.push([item, performance.now()])));
    await items.push('warm');
    await until('the worker is there', () => seen.length === 1, { everyMs: 5 });
    const start = performance.now();
    await items.pushLater('late', 300);
    await items.push('now');
    await until('both are handled', () => seen.length === 3, { everyMs: 5 });
    expect(seen.map(([item]) => item)).toEqual(['warm', 'now', 'late']);
    expect((seen[2]?.[1] ?? 0) - start).toBeGreaterThanOrEqual(300);
  });
};

const itemsOf = ({ name }: { readonly name: string }) => `test:{${name}}:items`;
