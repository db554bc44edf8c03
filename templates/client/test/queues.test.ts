import { expect, expectTypeOf, test } from 'vitest';
import type { Definition } from '../src/definition.js';
import { type DeadItem, type Queue, type QueueDefinition, queue } from '../src/queues.js';

test.each<Partial<QueueDefinition<unknown>>>([
  { name: '' },
  { name: 'a:b' },
  { name: 'a{b}' },
  { silentMs: 0 },
  { silentMs: 30 },
  { silentMs: Number.NaN },
  { silentMs: 1e12 },
  { retryMs: 0 },
  { retryMs: Number.POSITIVE_INFINITY },
  { maxDeliveries: 0 },
  { maxDeliveries: 1.5 },
  { maxDead: 0 },
  { maxDead: Number.NaN },
])('a queue with %j is refused', (wrong) => {
  expect(() => queue({ name: 'mails', ...wrong })).toThrow(
    expect.objectContaining({ code: 'redis/bad-use' }),
  );
});

test('its items must not be dropped', () => {
  expect(queue({ name: 'mails' })).toMatchObject({ name: 'mails', mustStay: 'lasting' });
});

test('its type is that of its items', () => {
  interface Mail {
    readonly to: string;
  }
  const mails = queue<Mail>({ name: 'mails' });
  expectTypeOf(mails).toEqualTypeOf<Definition<Queue<Mail>>>();
  expectTypeOf<Queue<Mail>['pop']>().returns.resolves.toEqualTypeOf<Mail | null>();
  expectTypeOf<DeadItem<Mail>['item']>().toEqualTypeOf<Mail | undefined>();
});
