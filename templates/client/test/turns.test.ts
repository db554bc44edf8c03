import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../src/turns.js';

test('no more than so many run at a time, in the order they came, and a failure frees its place', async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (number: number) => async () => {
    order.push(number);
    most = Math.max(most, ++running);
    await sleep(5);
    running--;
    if (number % 3 === 0) throw new Error(`failed ${number}`);
    return number;
  };
  const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, i) => turns.run(work(i))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
    Array.from({ length: 9 }, (_, i) => i % 3 !== 0),
  );
});
