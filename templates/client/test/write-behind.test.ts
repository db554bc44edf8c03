import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Definition } from '../src/definition.js';
import { slotOf } from '../src/slot.js';
import {
  type WriteBehind,
  type WriteBehindChange,
  type WriteBehindDefinition,
  writeBehind,
} from '../src/write-behind.js';
import { parseHeld, shardTags } from '../src/write-behind-scripts.js';

interface Cart {
  readonly items: number;
}

const usual = { name: 'cart', key: (id: string) => [id], ttlMs: 60_000, flush: () => undefined };
const bad = (options: Partial<WriteBehindDefinition<string, Cart>>) => () =>
  writeBehind<string, Cart>({ ...usual, ...options });

describe('a definition', () => {
  test.each([
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { ttlMs: Date.now() },
    { maxDelayMs: -1 },
    { flushWithinMs: Number.POSITIVE_INFINITY },
    { retryMs: 0 },
    { silentMs: 0.5 },
    { shards: 0 },
    { shards: 65 },
    { shards: 1.5 },
    { batch: 0 },
    { batch: 1001 },
    { maxDeliveries: 0 },
    { replicas: -1 },
    { jitter: 1 },
    { name: 'a b' },
  ])('with %j is refused', (options) => {
    expect(bad(options)).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
  });

  test('says that its keys must not be dropped', () => {
    expect(writeBehind<string, Cart>(usual).mustStay).toBe('lasting');
  });

  test('types what it takes and gives', () => {
    const definition = writeBehind<string, Cart>({
      ...usual,
      flush: (changes, { signal }) => {
        expectTypeOf(changes).toEqualTypeOf<readonly WriteBehindChange<Cart>[]>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      },
    });
    expectTypeOf(definition).toEqualTypeOf<Definition<WriteBehind<string, Cart>>>();
    expectTypeOf<WriteBehind<string, Cart>['get']>().returns.resolves.toEqualTypeOf<Cart | null>();
    expectTypeOf<WriteBehind<string, Cart>['put']>().returns.resolves.toEqualTypeOf<number>();
  });
});

describe('shards', () => {
  test.each([1, 2, 3, 8, 64])('%d lie evenly over the slots, and apart from other names', (count) => {
    const tags = shardTags('cart', count);
    const ranges = tags.map((tag) => Math.floor((slotOf(`test:{${tag}}:log`) * count) / 16_384));
    expect(ranges).toEqual(Array.from({ length: count }, (_, shard) => shard));
    expect(shardTags('cart', count)).toEqual(tags);
    // No name of a definition has a slash.
    expect(tags.every((tag) => tag.startsWith('cart/'))).toBe(true);
  });
});

describe('a stored text', () => {
  test.each([
    ['1700000000000000 {"items":1}', { kind: 'value', json: '{"items":1}' }],
    ['0 "a b"', { kind: 'value', json: '"a b"' }],
    ['1700000000000000 ', { kind: 'value', json: '' }],
    ['?abc', { kind: 'mark', mark: '?abc' }],
  ])('%j', (text, held) => {
    expect(parseHeld(text)).toEqual(held);
  });
});
