import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import { lock } from '../../src/locks.js';
import { gatedLoader } from '../loader.ts';
import type { Contract } from './ground.ts';
import { expectCode } from './refusals.ts';

const locks = lock<string>({ name: 'lock', key: (id) => [id] });
const short = lock<string>({ name: 'lock-short', key: (id) => [id], ttlMs: 900 });

export const lockContract: Contract = (ground) => {
  const both = () => [ground().one.use(locks), ground().other.use(locks)] as const;

  test('work under a lock is never done by two at once, and fences grow', async () => {
    let inside = 0;
    let most = 0;
    const fences: number[] = [];
    const work = async ({ fence }: { readonly fence: number }) => {
      most = Math.max(most, ++inside);
      fences.push(fence);
      await sleep(1);
      inside--;
    };
    const callers = both().flatMap((one) => [one, one, one, one]);
    await Promise.all(callers.map((one) => one.with('shared', work, { waitMs: 20_000 })));
    expect(most).toBe(1);
    expect(fences).toHaveLength(8);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    expect(fences.every(Number.isSafeInteger)).toBe(true);
  });

  test('gives the result or the error of the work, and the lock back in any case', async () => {
    const [here, there] = both();
    expect(await here.with('back', () => 'result')).toBe('result');
    await expect(
      here.with('back', () => {
        throw new Error('no such row');
      }),
    ).rejects.toThrow('no such row');
    expect(await there.tryWith('back', async () => 7)).toEqual({ done: true, result: 7 });
    expect(await here.with('back', async () => undefined)).toBeUndefined();
  });

  test('who does not wait is told that another one works', async () => {
    const [here, there] = both();
    const held = gatedLoader('result');
    const first = here.with('taken', held.load);
    await held.entered;
    await expectCode('redis/locked', () => there.with('taken', () => 'not run'));
    // It is not reentrant, in no process.
    await expectCode('redis/locked', () => here.with('taken', () => 'not run', { waitMs: 60 }));
    expect(await there.tryWith('other', () => 'run')).toEqual({ done: true, result: 'run' });
    held.open();
    await first;
    expect(await there.tryWith('taken', () => 'run')).toEqual({ done: true, result: 'run' });
  });

  test('an error of the work is not taken for a lock that is held', async () => {
    const [here] = both();
    const held = gatedLoader('result');
    const inner = here.with('inner', held.load);
    await held.entered;
    await expectCode('redis/locked', () => here.tryWith('outer', () => here.with('inner', () => {})));
    held.open();
    await inner;
  });

  test('who waits gets it when it is given back', async () => {
    const [here, there] = both();
    const held = gatedLoader('result');
    const first = here.with('awaited', held.load);
    await held.entered;
    let isRun = false;
    const second = there.with(
      'awaited',
      () => {
        isRun = true;
      },
      { waitMs: 20_000 },
    );
    await sleep(50);
    expect(isRun).toBe(false);
    held.open();
    await Promise.all([first, second]);
    expect(isRun).toBe(true);
  });

  test('a living holder extends it', async () => {
    const key = 'test:lock-short:{kept}';
    const [here, there] = [ground().one.use(short), ground().other.use(short)];
    const held = gatedLoader('result');
    const first = here.with('kept', held.load);
    await held.entered;
    let least = Number.POSITIVE_INFINITY;
    await until(
      'it lasts longer again',
      async () => {
        const left = Number(await ground().cli(key, 'PTTL', key));
        least = Math.min(least, left);
        return left > least + 100;
      },
      { everyMs: 5 },
    );
    expect(await there.tryWith('kept', () => {})).toEqual({ done: false });
    held.open();
    expect(await first).toBe('result');
  });

  test('a lock that is lost aborts the work, and what another one holds is not given back', async () => {
    const key = 'test:lock-short:{lost}';
    const [here, there] = [ground().one.use(short), ground().other.use(short)];
    const outcome = here.with('lost', async ({ signal }) => {
      await ground().cli(key, 'SET', key, 'of another one', 'PX', '20000');
      await until('the signal is aborted', () => signal.aborted, { everyMs: 5 });
      expect(signal.reason).toMatchObject({ code: 'redis/lock-lost' });
      return 'done, but perhaps not alone';
    });
    await expectCode('redis/lock-lost', () => outcome);
    expect(await ground().cli(key, 'GET', key)).toBe('of another one');
    expect(await there.tryWith('lost', () => {})).toEqual({ done: false });
    await ground().cli(key, 'DEL', key);
  });

  test('a fence that was dropped does not begin again, and ends some time', async () => {
    const key = 'test:lock:{fenced}:fence';
    const [here, there] = both();
    const fence = () => here.with('fenced', (held) => held.fence);
    const first = await fence();
    const left = Number(await ground().cli(key, 'PTTL', key));
    expect(left).toBeGreaterThan(3_500_000);
    await ground().cli(key, 'DEL', key);
    expect(await there.with('fenced', (held) => held.fence)).toBeGreaterThan(first);
    // As after a failover to a server whose clock is behind.
    const ahead = (await fence()) + 60_000_000;
    await ground().cli(key, 'SET', key, String(ahead));
    expect(await fence()).toBe(ahead + 1);
    expect(await fence()).toBe(ahead + 2);
  });

  test('several at once, in whatever order they are asked for, over all slots', async () => {
    const [here, there] = both();
    const ids = Array.from({ length: 6 }, (_, i) => `several {${i}}`);
    let inside = 0;
    let most = 0;
    const work = async ({ fences }: { readonly fences: readonly number[] }) => {
      most = Math.max(most, ++inside);
      await sleep(2);
      inside--;
      return fences;
    };
    const reversed = [...ids].reverse();
    const options = { waitMs: 20_000 };
    const fences = await Promise.all([
      here.withAll(ids, work, options),
      there.withAll(reversed, work, options),
      here.withAll(reversed, work, options),
      there.withAll([...ids, ...ids], work, options),
    ]);
    expect(most).toBe(1);
    expect(fences.map((one) => one.length)).toEqual([6, 6, 6, 12]);
    // One fence for an id, however often it is asked for, and in the order of the ids.
    expect(fences[3]?.slice(0, 6)).toEqual(fences[3]?.slice(6));
    for (const [i, id] of ids.entries())
      expect(await here.with(id, ({ fence }) => fence)).toBeGreaterThan(fences[0]?.[i] ?? Infinity);
    expect(await here.withAll([], () => 'none')).toBe('none');
  });

  test('of several, none stays taken where one cannot be had', async () => {
    const [here, there] = both();
    const held = gatedLoader('result');
    const first = here.with('b', held.load);
    await held.entered;
    await expectCode('redis/locked', () => there.withAll(['a', 'b', 'c'], () => 'not run', { waitMs: 30 }));
    expect(await here.tryWith('a', () => 1)).toEqual({ done: true, result: 1 });
    expect(await here.tryWith('c', () => 1)).toEqual({ done: true, result: 1 });
    held.open();
    await first;
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a waitMs of %s is refused', async (waitMs) => {
    await expectCode('redis/bad-use', () => both()[0].with('bad', () => 'not run', { waitMs }));
  });

  test('closing waits for the work', async () => {
    const closing = await ground().open();
    const held = gatedLoader('result');
    const first = closing.use(locks).with('closing', held.load);
    const [here] = both();
    await held.entered;
    const closed = closing.close();
    held.open();
    await Promise.all([first, closed]);
    expect(await here.tryWith('closing', () => 'free')).toEqual({ done: true, result: 'free' });
  });
};
