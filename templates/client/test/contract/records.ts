import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { record, unchecked } from '../../src/records.js';
import type { Contract } from './ground.ts';
import { expectDurable, expectHealed, expectLeft, expectMinute, expectProlonged } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const fields = { name: v.string(), visits: v.number(), tags: v.array(v.string()), any: unchecked<unknown>() };
const byId = { key: (id: string) => [id], ttlMs: 60_000, fields };
const profiles = record({ ...byId, name: 'record' });
const fixed = record({ ...byId, name: 'record-first', ttlFrom: 'first-write' });
const lasting = record({ ...byId, name: 'record-durable', ttlMs: 'durable' });

const largest = Number.MAX_SAFE_INTEGER;

export const records: Contract = (ground) => {
  const both = () => [ground().one.use(profiles), ground().other.use(profiles)] as const;
  const keyOf = (id: string) => `test:record:{${id}}`;

  test('two processes that write different fields do not undo one another', async () => {
    const [here, there] = both();
    for (let i = 0; i < 50; i++)
      await Promise.all([here.update('both', { name: `n${i}` }), there.update('both', { visits: i })]);
    expect(await here.get('both')).toEqual({ name: 'n49', visits: 49 });
    await here.update('both', { name: 'last', tags: ['a'] });
    expect(await there.get('both')).toEqual({ name: 'last', visits: 49, tags: ['a'] });
  });

  test('200 increments of each of two processes add up, beside updates of other fields', async () => {
    const [here, there] = both();
    const sums = await Promise.all(
      Array.from({ length: 400 }, (_, i) => (i % 2 ? here : there).increment('sum', 'visits')),
    );
    await here.update('sum', { name: 'a' });
    expect(new Set(sums)).toEqual(new Set(Array.from({ length: 400 }, (_, i) => i + 1)));
    expect(await there.get('sum')).toEqual({ visits: 400, name: 'a' });
  });

  test('increments are exact, may have fractions, and are refused where they cannot be kept', async () => {
    const [here] = both();
    await here.update('numbers', { visits: 1.5 });
    expect(await here.increment('numbers', 'visits')).toBe(2.5);
    expect(await here.increment('numbers', 'visits', 0.25)).toBe(2.75);
    await here.update('numbers', { visits: largest - 1, name: 'a' });
    expect(await here.increment('numbers', 'visits', 1)).toBe(largest);
    await expectCode('redis/refused', () => here.increment('numbers', 'visits', 1));
    expect(await here.getField('numbers', 'visits')).toBe(largest);
    for (const by of [Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53])
      await expectCode('redis/bad-use', () => here.increment('numbers', 'visits', by));
    await expectCode('redis/refused', () => here.increment('numbers', 'name' as 'visits', 1));
    expect(await here.getField('numbers', 'name')).toBe('a');
  });

  test('values come back as they were', async () => {
    const [here, there] = both();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), async (any) => {
        await here.update('json', { any });
        expect(await there.getField('json', 'any')).toEqual(JSON.parse(JSON.stringify(any)));
      }),
      { numRuns: 30 },
    );
  });

  test('what is not there is null for a record and undefined for a field', async () => {
    const [here] = both();
    expect(await here.get('none')).toBeNull();
    expect(await here.getField('none', 'name')).toBeUndefined();
    await here.update('none', {});
    expect(await here.get('none')).toBeNull();
    await here.update('none', { name: '', visits: 0, any: null });
    expect(await here.get('none')).toEqual({ name: '', visits: 0, any: null });
    expect(await here.removeFields('none', 'name', 'tags')).toBe(1);
    expect(await here.removeFields('none')).toBe(0);
    expect(await here.getField('none', 'name')).toBeUndefined();
    expect(await here.delete('none')).toBe(true);
    expect(await here.delete('none')).toBe(false);
    expect(await here.get('none')).toBeNull();
  });

  test('a field that does not fit is absent, and observers are told; others of the hash are not looked at', async () => {
    const told: unknown[] = [];
    const observed = (await ground().open({ observe: (event) => told.push(event) })).use(profiles);
    const key = keyOf('misfit');
    await ground().cli(key, 'HSET', key, 'name', '7', 'visits', '{', 'tags', '["a"]', 'gone', '1');
    expect(await observed.get('misfit')).toEqual({ tags: ['a'] });
    expect(told).toEqual([
      { name: 'record', what: 'misfit' },
      { name: 'record', what: 'misfit' },
    ]);
    expect(await observed.getField('misfit', 'name')).toBeUndefined();
    expect(told).toHaveLength(3);
    await ground().cli(key, 'HDEL', key, 'tags');
    expect(await observed.get('misfit')).toBeNull();
  });

  test('every record has the lifetime of its definition, whoever made it', async () => {
    const { one } = ground();
    const [last, first, durable] = [one.use(profiles), one.use(fixed), one.use(lasting)];
    await last.update('updated', { name: 'a' });
    await last.increment('incremented', 'visits');
    await first.increment('first', 'visits');
    for (const key of [keyOf('updated'), keyOf('incremented'), 'test:record-first:{first}'])
      await expectMinute(ground(), key);
    await expectProlonged(ground(), keyOf('updated'), () => last.update('updated', { visits: 1 }));
    await expectProlonged(ground(), keyOf('updated'), () => last.increment('updated', 'visits'));
    for (const write of [
      () => first.update('first', { name: 'a' }),
      () => first.increment('first', 'visits'),
    ]) {
      await expectLeft(ground(), 'test:record-first:{first}', write);
      await expectHealed(ground(), 'test:record-first:{first}', write);
    }
    await expectDurable(ground(), 'test:record-durable:{a}', () => durable.update('a', { name: 'a' }));
    await expectDurable(ground(), 'test:record-durable:{b}', () => durable.increment('b', 'visits'));
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each([
    ['an unknown field', { other: 1 }],
    ['a field of every object', { constructor: 1 }],
    ['NaN', { visits: Number.NaN }],
    ['infinity inside', { any: { deep: [Number.POSITIVE_INFINITY] } }],
    ['a function', { any: () => 1 }],
    ['a cycle', { any: cyclic }],
    ['a bigint', { any: 1n }],
  ])('%s is refused, and nothing is written', async (_, wrong) => {
    const [here] = both();
    await expectCode('redis/bad-use', () => here.update('refused', { name: 'a', ...wrong }));
    expect(await here.get('refused')).toBeNull();
  });

  test('fields and lifetimes that make no sense are refused', async () => {
    const [here] = both();
    const other = 'other' as 'name';
    await expectCode('redis/bad-use', () => here.getField('refused', other));
    await expectCode('redis/bad-use', () => here.removeFields('refused', other));
    await expectCode('redis/bad-use', () => here.increment('refused', other as 'visits'));
    await expectCode('redis/bad-use', () => here.expireField('refused', other, 1000));
    for (const ms of [0, -1, Number.NaN, 1e15]) {
      await expectCode('redis/bad-use', () => here.expireField('refused', 'name', ms));
      await expectCode('redis/bad-use', () => here.update('refused', { name: 'a' }, { fieldTtlMs: ms }));
    }
    expect(await here.get('refused')).toBeNull();
  });
};
