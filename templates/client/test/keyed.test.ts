import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type Counter, counter, extremum, flags, once } from '../src/counters.js';
import type { Definition, Services } from '../src/definition.js';
import { Keyed } from '../src/keyed.js';
import { leaderboard } from '../src/leaderboards.js';
import { encodeId } from '../src/names.js';
import { type Records, record, unchecked } from '../src/records.js';
import { memberSet } from '../src/sets.js';
import { slotOf } from '../src/slot.js';
import { uniques } from '../src/uniques.js';

const parts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 });
const byId = { name: 'thing', key: (id: readonly string[]) => id, ttlMs: 60_000 };
// Keys are made of names alone; nothing is sent.
const keyed = (options: object) =>
  new Keyed<readonly string[]>({ keyPrefix: 'app:' } as Services, { ...byId, ...options });

describe('keys that one script or command touches', () => {
  test('the periods of an id share the slot of the id, and are different keys', () => {
    fc.assert(
      fc.property(parts, fc.uniqueArray(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (id, periods) => {
        const keys = periods.map((period) => keyed({}).key(id, period));
        for (const key of keys) expect(slotOf(key)).toBe(slotOf(encodeId(id)));
        expect(new Set([...keys, keyed({}).key(id)]).size).toBe(periods.length + 1);
      }),
    );
  });

  test('sets that are kept together share a slot, and are different keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(parts, { selector: (id) => JSON.stringify(id), maxLength: 5 }), (ids) => {
        const keys = ids.map((id) => keyed({ together: true }).key(id));
        for (const key of keys) expect(slotOf(key)).toBe(slotOf('thing'));
        expect(new Set(keys).size).toBe(ids.length);
      }),
    );
  });

  test('other ids have slots of their own', () => {
    const slots = Array.from({ length: 50 }, (_, i) => slotOf(keyed({}).key([String(i)])));
    expect(new Set(slots).size).toBeGreaterThan(40);
  });
});

describe('definitions', () => {
  const fields = { name: v.string(), age: v.number(), nick: unchecked<string | null>() };
  const makers: Readonly<Record<string, (wrong: object) => Definition<unknown>>> = {
    counter: (wrong) => counter({ ...byId, ...wrong }),
    flags: (wrong) => flags({ ...byId, ...wrong }),
    once: (wrong) => once({ ...byId, ...wrong }),
    extremum: (wrong) => extremum({ ...byId, keep: 'least', ...wrong }),
    record: (wrong) => record({ ...byId, fields, ...wrong }),
    memberSet: (wrong) => memberSet({ ...byId, ...wrong }),
    uniques: (wrong) => uniques({ ...byId, ...wrong }),
    leaderboard: (wrong) => leaderboard({ ...byId, ...wrong }),
  };
  const wrongs = [
    { name: '' },
    { name: 'a{b' },
    ...[0, -1, Number.NaN, Infinity, 1e15].map((ttlMs) => ({ ttlMs })),
  ];

  test.each(Object.entries(makers))('%s refuses names and lifetimes that cannot work', (_, make) => {
    for (const wrong of wrongs)
      expect(() => make(wrong)).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
    expect(make({ name: 'fine', ttlMs: 'durable' })).toMatchObject({ name: 'fine', mustStay: 'lasting' });
  });

  test('only claims must stay although they have a lifetime', () => {
    const stays = Object.entries(makers).map(([kind, make]) => [kind, make({}).mustStay] as const);
    expect(stays.filter(([, stay]) => stay !== undefined)).toEqual([['once', 'expiring']]);
    expect(uniques({ ...byId, mergedTtlMs: 'durable' }).mustStay).toBe('lasting');
    expect(uniques({ ...byId, ttlMs: 'durable', mergedTtlMs: 1000 }).mustStay).toBe('lasting');
  });

  test.each([
    ['flags of no size', () => flags({ ...byId, size: 0 })],
    ['flags of half a size', () => flags({ ...byId, size: 1.5 })],
    ['flags beyond 512 MiB', () => flags({ ...byId, size: 2 ** 32 + 1 })],
    ['a merged lifetime in another unit', () => uniques({ ...byId, mergedTtlMs: 1e15 })],
    ['a record without fields', () => record({ ...byId, fields: {} })],
  ])('%s are refused', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
  });

  test('the types of ids and fields come from the definition', () => {
    expectTypeOf(counter({ ...byId, key: (id: number) => [id] })).toExtend<Definition<Counter<number>>>();
    interface Person {
      name: string;
      age: number;
      nick: string | null;
    }
    const people = record({ ...byId, fields });
    expectTypeOf(people).toExtend<Definition<Records<readonly string[], Person>>>();
    type People = ReturnType<typeof people.open>;
    expectTypeOf<Parameters<People['increment']>[1]>().toEqualTypeOf<'age'>();
    expectTypeOf<Parameters<People['update']>[1]>().toEqualTypeOf<Partial<Person>>();
    expectTypeOf<Awaited<ReturnType<People['get']>>>().toEqualTypeOf<Partial<Person> | null>();
  });
});
