import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadlines } from '../src/deadlines.js';
import { RedisError } from '../src/errors.js';
import { Guard } from '../src/guard.js';
import type { RedisPort } from '../src/port.js';
import { isPassing, persist } from '../src/retry.js';
import { timed } from './loader.ts';

const never = () => new Promise<never>(() => {});
const unreachable = () => Promise.reject(new RedisError('redis/unreachable', 'gone'));
const refused = (message: string) => new RedisError('redis/refused', message, new Error(message));

/** Keys `a:1` and `a:2` are on server `a`; what a background read meets is the test's to decide. */
function guarded(probe: () => Promise<string | null>, options = {}) {
  const port: Pick<RedisPort, 'shardOf' | 'read'> = {
    shardOf: (key) => key.split(':')[0] ?? '',
    read: (_key, onText, onError) => void probe().then(onText, onError),
  };
  return new Guard(port as unknown as RedisPort, { deadlineMs: 30, coolOffMs: 20, ...options });
}

test('an answer in time goes through', async () => {
  expect(await guarded(never).run('a:1', async () => 'answer')).toBe('answer');
});

test('after one silence the server is left alone, and only that one', async () => {
  const guard = guarded(never);
  const first = await timed(() => guard.run('a:1', never).catch((error: unknown) => error));
  expect(first.value).toMatchObject({ code: 'redis/deadline' });
  expect(first.ms).toBeGreaterThan(25);
  const next = await timed(() => guard.run('a:2', never).catch((error: unknown) => error));
  expect(next.value).toMatchObject({ code: 'redis/breaker-open' });
  expect(next.ms).toBeLessThan(1000);
  expect(await guard.run('b:1', async () => 'other')).toBe('other');
  expect(guard.resting).toEqual(['a']);
  guard.stop();
});

test('a background read brings it back, and its failure does not', async () => {
  let isBack = false;
  let tries = 0;
  const guard = guarded(() => {
    tries++;
    return isBack ? Promise.resolve(null) : unreachable();
  });
  await expect(guard.run('a:1', unreachable)).rejects.toMatchObject({ code: 'redis/unreachable' });
  await sleep(80);
  expect(tries).toBeGreaterThanOrEqual(2);
  expect(guard.resting).toEqual(['a']);
  isBack = true;
  await sleep(120);
  expect(guard.resting).toEqual([]);
  expect(await guard.run('a:1', async () => 'answer')).toBe('answer');
});

test('a refusal is an answer', async () => {
  const guard = guarded(never);
  await expect(guard.run('a:1', () => Promise.reject(refused('WRONGTYPE')))).rejects.toThrow('WRONGTYPE');
  expect(guard.resting).toEqual([]);
});

test('calls nobody waits for any more still count against the bound', async () => {
  const guard = guarded(never, { maxInFlight: 2 });
  await Promise.allSettled([guard.run('a:1', never), guard.run('b:1', never)]);
  await expect(guard.run('c:1', never)).rejects.toMatchObject({ code: 'redis/overloaded' });
  guard.stop();
});

test('a busy process does not take its own pause for a silent server', async () => {
  const guard = guarded(never);
  // From here timers come before input: the deadline is due when the answer has arrived but is still unread.
  await new Promise(setImmediate);
  const answer = guard.run('a:1', () => stat('.').then(() => 'answer'));
  const end = performance.now() + 60;
  while (performance.now() < end);
  expect(await answer).toBe('answer');
});

test('each deadline falls at its own time', async () => {
  const deadlines = new Deadlines(40);
  const start = performance.now();
  const missed: number[] = [];
  const add = () => deadlines.add(() => missed.push(performance.now() - start));
  add();
  const cancelled = add();
  await sleep(20);
  add();
  deadlines.drop(cancelled);
  await sleep(300);
  expect(missed).toHaveLength(2);
  expect(missed[0]).toBeGreaterThanOrEqual(39);
  expect(missed[1]).toBeGreaterThanOrEqual(59);
});

test.each([
  ['READONLY You can not write', true],
  ['CLUSTERDOWN The cluster is down', true],
  ['LOADING Redis is loading', true],
  ['NOREPLICAS Not enough good replicas', true],
  ['NOPERM no permissions', false],
  ['WRONGTYPE Operation', false],
  ['OOM command not allowed', false],
])('%s: tried again is %s', (message, expected) => {
  expect(isPassing(refused(message))).toBe(expected);
});

test('persist tries again while it may help, and not a moment longer', async () => {
  let calls = 0;
  const outcome = await persist(() => (++calls < 3 ? unreachable() : Promise.resolve('done')), 2000);
  expect([outcome, calls]).toEqual(['done', 3]);
  await expect(persist(unreachable, 100)).rejects.toMatchObject({ code: 'redis/deadline' });
  await expect(persist(() => Promise.reject(refused('NOPERM x')), 100)).rejects.toThrow('NOPERM');
});
