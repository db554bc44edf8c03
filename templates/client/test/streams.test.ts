import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Definition } from '../src/definition.js';
import { entriesOf } from '../src/stream-scripts.js';
import { type Stream, type StreamDefinition, type StreamHandler, stream } from '../src/streams.js';

describe('a definition', () => {
  test.each([{ keep: -1 }, { keep: 1.5 }, { maxDead: 0 }, { name: '{a}' }])(
    'with %j is refused',
    (options) => {
      const define = () => stream({ name: 'orders', ...(options as Partial<StreamDefinition<number>>) });
      expect(define).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
    },
  );

  test('says that its keys must not be dropped, and types what it takes', () => {
    const orders = stream<number>({ name: 'orders' });
    expect(orders.mustStay).toBe('lasting');
    expectTypeOf(orders).toEqualTypeOf<Definition<Stream<number>>>();
    expectTypeOf<Stream<number>['add']>().parameter(0).toEqualTypeOf<number>();
    expectTypeOf<StreamHandler<number>>().parameter(0).toEqualTypeOf<number>();
  });
});

test('entries are read from lists; what was deleted is left out', () => {
  const reply = [['1-0', ['item', '1', 'token', 'a']], ['2-0', null], null];
  expect(entriesOf(reply)).toEqual([
    { id: '1-0', fields: new Map(Object.entries({ item: '1', token: 'a' })) },
  ]);
  expect(entriesOf(null)).toEqual([]);
});
