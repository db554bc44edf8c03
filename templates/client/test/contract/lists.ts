import * as v from 'valibot';
import { expect, test } from 'vitest';
import { itemStack, recentList } from '../../src/lists.js';
import { slotOf } from '../../src/slot.js';
import type { Contract } from './ground.ts';
import { expectDurable, expectHealed, expectLeft, expectMinute, expectProlonged } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const byId = { key: (id: string) => [id], ttlMs: 60_000 };
const steps = itemStack<string, unknown>({ ...byId, name: 'steps' });
const bounded = itemStack<string, number>({ ...byId, name: 'steps-bounded', max: 3 });
const numbers = itemStack<string, number>({ ...byId, name: 'steps-numbers', schema: v.number() });
const viewed = recentList<string, string>({ ...byId, name: 'viewed', max: 3, distinct: true });
const latest = recentList<string, string>({ ...byId, name: 'latest', max: 3, ttlFrom: 'first-write' });
const lasting = recentList<string, string>({ ...byId, name: 'latest-durable', max: 3, ttlMs: 'durable' });

export const lists: Contract = (ground) => {
  test('last in, first out, for whichever process asks', async () => {
    const [here, there] = [ground().one.use(steps), ground().other.use(steps)];
    expect(await here.push('a', 'low', 'low')).toBe(2);
    expect(await there.push('a', 0, false, { deep: ['ü'] })).toBe(5);
    expect(await here.peek('a')).toEqual([{ deep: ['ü'] }]);
    expect(await here.peek('a', 2)).toEqual([{ deep: ['ü'] }, false]);
    const popped = [];
    for (let i = 0; i < 6; i++) popped.push(await (i % 2 ? here : there).pop('a'));
    expect(popped).toEqual([{ deep: ['ü'] }, false, 0, 'low', 'low', null]);
    expect(await here.size('a')).toBe(0);
  });

  test('an item that many pop at once is given to one of them', async () => {
    const both = [ground().one.use(steps), ground().other.use(steps)];
    const items = Array.from({ length: 40 }, (_, i) => i);
    await both[0]?.push('race', ...items);
    const popped = await Promise.all(items.flatMap(() => both.map((one) => one.pop('race'))));
    expect(popped.filter((item) => item !== null).sort((a, b) => Number(a) - Number(b))).toEqual(items);
  });

  test('only so many are kept', async () => {
    const stack = ground().one.use(bounded);
    expect(await stack.push('a', 1, 2)).toBe(2);
    expect(await stack.push('a', 3, 4)).toBe(3);
    expect(await stack.peek('a', 10)).toEqual([4, 3, 2]);
    const list = ground().one.use(latest);
    expect(await list.add('a', 'one', 'two', 'two', 'three', 'four')).toBe(3);
    expect(await list.list('a')).toEqual(['four', 'three', 'two']);
    expect(await list.add('a', 'four')).toBe(3);
    expect(await list.list('a', 2)).toEqual(['four', 'four']);
  });

  test('what is added again moves to the front of a list without doubles', async () => {
    const [here, there] = [ground().one.use(viewed), ground().other.use(viewed)];
    await here.add('ann', 'a', 'b', 'c');
    await there.add('ann', 'a');
    expect(await here.list('ann')).toEqual(['a', 'c', 'b']);
    expect(await there.add('ann', 'd')).toBe(3);
    expect(await here.list('ann')).toEqual(['d', 'a', 'c']);
  });

  test('what the schema does not know is left out', async () => {
    const stack = ground().one.use(numbers);
    const loose = ground().other.use(itemStack<string, unknown>({ ...byId, name: 'steps-numbers' }));
    await loose.push('a', 1, 'two', 'three');
    expect(await stack.peek('a', 3)).toEqual([1]);
    expect(await stack.size('a')).toBe(3);
    expect(await stack.pop('a')).toBe(1);
    expect(await loose.size('a')).toBe(0);
  });

  test('bad input is refused, and nothing is there where there was nothing', async () => {
    const stack = ground().one.use(steps);
    for (const bad of [null, undefined, 1n, () => 1])
      await expectCode('redis/bad-use', () => stack.push('bad', 'good', bad));
    for (const count of [0, -1, 1.5, Number.NaN])
      await expectCode('redis/bad-use', () => stack.peek('bad', count));
    expect(await stack.push('bad')).toBe(0);
    expect(await stack.peek('bad')).toEqual([]);
    expect(await stack.delete('bad')).toBe(false);
    await stack.push('bad', 1);
    expect(await stack.delete('bad')).toBe(true);
    expect(await stack.pop('bad')).toBeNull();
  });

  test('ids of any text are apart, and what is kept of them is in one slot and ends', async () => {
    const stack = ground().one.use(steps);
    const ids = ['', '{}', 'a}b', 'ü\n'];
    for (const id of ids) await stack.push(id, id);
    for (const id of ids) expect(await stack.pop(id)).toBe(id);
    await stack.push('kept', 1, 2);
    await stack.pop('kept');
    const keys = (await ground().cli('test:steps:{kept}', 'KEYS', 'test:steps:{kept}*')).split('\n');
    expect(keys).toHaveLength(3);
    expect(new Set(keys.map(slotOf)).size).toBe(1);
    for (const key of keys) expect(Number(await ground().cli(key, 'PTTL', key))).toBeGreaterThan(0);
  });

  test('every list has the lifetime of its definition', async () => {
    const { one } = ground();
    const [last, first, durable] = [one.use(viewed), one.use(latest), one.use(lasting)];
    await Promise.all([last.add('life', 'a'), first.add('life', 'a')]);
    await expectMinute(ground(), 'test:viewed:{life}');
    await expectProlonged(ground(), 'test:viewed:{life}', () => last.add('life', 'b'));
    await expectLeft(ground(), 'test:latest:{life}', () => first.add('life', 'b'));
    await expectHealed(ground(), 'test:latest:{life}', () => first.add('life', 'b'));
    await expectDurable(ground(), 'test:latest-durable:{life}', () => durable.add('life', 'a'));
  });
};
