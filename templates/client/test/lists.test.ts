import { expect, expectTypeOf, test } from 'vitest';
import type { Definition } from '../src/definition.js';
import { type ItemStack, itemStack, type RecentList, recentList } from '../src/lists.js';

const base = { name: 'viewed', key: (id: string) => [id], ttlMs: 1000, max: 10 };

test.each([
  { name: 'a b' },
  { ttlMs: 0 },
  { ttlMs: Number.NaN },
  { ttlMs: 1e12 },
  { max: 0 },
  { max: -1 },
  { max: 2.5 },
  { max: Number.POSITIVE_INFINITY },
])('lists with %j are refused', (wrong) => {
  const refusal = expect.objectContaining({ code: 'redis/bad-use' });
  expect(() => recentList({ ...base, ...wrong })).toThrow(refusal);
  expect(() => itemStack({ ...base, ...wrong })).toThrow(refusal);
});

test('lists without a lifetime must not be dropped', () => {
  expect(recentList({ ...base, ttlMs: 'durable' })).toMatchObject({ mustStay: 'lasting' });
  expect(recentList(base)).not.toHaveProperty('mustStay');
});

test('types are those of the items', () => {
  expectTypeOf(recentList<string, Date>(base)).toEqualTypeOf<Definition<RecentList<string, Date>>>();
  expectTypeOf<ItemStack<string, 'a' | 'b'>['pop']>().returns.resolves.toEqualTypeOf<'a' | 'b' | null>();
});
