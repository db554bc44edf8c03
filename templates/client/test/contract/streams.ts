import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import type { Redis } from '../../src/redis.js';
import {
  type Stream,
  type StreamConsumeOptions,
  type StreamEntry,
  type StreamHandler,
  stream,
} from '../../src/streams.js';
import { gatedLoader } from '../loader.ts';
import type { Contract } from './ground.ts';

const quick = { retryMs: 20, silentMs: 2000 };
const quickly = { everyMs: 5 };

async function all<Item>(entries: AsyncIterable<StreamEntry<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { item } of entries) items.push(item);
  return items;
}

/** Consumes until the test is finished. */
function consume<Item>(
  events: Stream<Item>,
  group: string,
  handle: StreamHandler<Item>,
  options: StreamConsumeOptions = {},
) {
  const consumer = events.consume(group, handle, { ...quick, ...options });
  onTestFinished(() => consumer.stop());
  return consumer;
}

export const streams: Contract = (ground) => {
  const log = (name: string) => `test:{${name}}:log`;
  const cli = (name: string, ...words: readonly string[]) => ground().cli(log(name), ...words);

  test('each group gets every entry, its consumers share them, and those of one keep their order', async () => {
    const events = stream<number>({ name: 'shared' });
    const [here, there] = [ground().one.use(events), ground().other.use(events)];
    const numbers = Array.from({ length: 60 }, (_, i) => i);
    const seen = { mail: [] as number[], audit: [] as number[] };
    consume(here, 'mail', (item) => seen.mail.push(item), { concurrency: 3 });
    consume(there, 'mail', (item) => seen.mail.push(item), { concurrency: 3 });
    consume(there, 'audit', (item) => seen.audit.push(item));
    for (const number of numbers) await here.add(number);
    await until('all are handled', () => seen.mail.length >= 60 && seen.audit.length >= 60, quickly);
    expect(seen.mail.sort((a, b) => a - b)).toEqual(numbers);
    expect(seen.audit).toEqual(numbers);
    const acknowledged = async () => (await here.lag('mail'))?.pending === 0;
    await until('all are acknowledged', acknowledged, quickly);
    expect(await here.lag('mail')).toEqual({ waiting: 0, pending: 0, behindMs: 0 });
    expect(await here.lag('nobody')).toBeNull();
  });

  test('a new group begins at the start, or now', async () => {
    const events = ground().one.use(stream<string>({ name: 'begin' }));
    await events.add('past');
    const seen = { start: [] as string[], now: [] as string[] };
    consume(events, 'start', (item) => seen.start.push(item));
    consume(events, 'now', (item) => seen.now.push(item), { from: 'now' });
    await until(
      'both groups are there',
      async () => (await events.lag('now')) !== null && (await events.lag('start')) !== null,
    );
    await events.add('next');
    await until('both have the next', () => seen.start.length === 2 && seen.now.length === 1, quickly);
    expect(seen).toEqual({ start: ['past', 'next'], now: ['next'] });
  });

  test('what fails is handed over again, then goes to the dead ones of its group, and can be revived', async () => {
    const events = ground().one.use(stream<string>({ name: 'failing' }));
    const counts: number[] = [];
    const times: number[] = [];
    const good: string[] = [];
    let isMended = false;
    consume(
      events,
      'mail',
      (item, { count }) => {
        if (item === 'bad') times.push(performance.now());
        if (item === 'bad') counts.push(count);
        if (item === 'bad' && !isMended) throw new Error('no such address');
        good.push(item);
      },
      { maxDeliveries: 3, retryMs: 60 },
    );
    const audited: string[] = [];
    consume(events, 'audit', (item) => audited.push(item));
    const id = await events.add('bad');
    for (const item of ['a', 'b']) await events.add(item);
    const dead = await until('one is dead', async () => (await events.dead('mail'))[0], quickly);
    expect(dead).toMatchObject({ entryId: id, item: 'bad', reason: 'no such address', deliveries: 3 });
    expect(counts).toEqual([1, 2, 3]);
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThan(50);
    expect(third - second).toBeGreaterThan(110);
    expect(good).toEqual(['a', 'b']);
    isMended = true;
    expect(await events.revive('mail', 'all')).toBe(1);
    await until('it is handled', () => good.includes('bad'), quickly);
    expect(await events.dead('mail')).toEqual([]);
    const isDone = async () =>
      (await events.lag('audit'))?.pending === 0 && (await events.lag('audit'))?.waiting === 0;
    await until('the other group has passed it over', isDone, quickly);
    expect(audited).toEqual(['bad', 'a', 'b']);
    expect(await all(events.replay())).toEqual(['bad', 'a', 'b']);
  });

  test('dead entries can be discarded, and a group removed', async () => {
    const events = ground().one.use(stream<string>({ name: 'discarded' }));
    const failing = () => Promise.reject(new Error('never'));
    const consumer = consume(events, 'mail', failing, { maxDeliveries: 1 });
    await events.add('bad');
    await until('it is dead', async () => (await events.dead('mail')).length === 1, quickly);
    expect(await events.discard('mail', 'all')).toBe(1);
    expect(await events.dead('mail')).toEqual([]);
    await consumer.stop();
    expect(await events.removeGroup('mail')).toBe(true);
    expect(await events.removeGroup('mail')).toBe(false);
    expect(await events.lag('mail')).toBeNull();
  });

  test('the past is read in order, page by page, from one entry to another', async () => {
    const events = ground().other.use(stream<number>({ name: 'past' }));
    const numbers = Array.from({ length: 1100 }, (_, i) => i);
    const ids = await Promise.all(numbers.map((number) => events.add(number)));
    expect(await all(events.replay())).toEqual(numbers);
    const [from = '', to = ''] = [ids[600], ids[603]];
    expect(await all(events.replay({ from, to }))).toEqual([600, 601, 602, 603]);
    expect(await all(events.replay({ from: new Date(Date.now() + 3_600_000) }))).toEqual([]);
  });

  test('old entries are removed, but none that a group has still to see or to acknowledge', async () => {
    const events = ground().one.use(stream<number>({ name: 'trimmed', keep: 100 }));
    const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    const fill = (from: number, count: number) =>
      Promise.all(numbers(from, count).map((number) => events.add(number)));
    const length = async () => Number(await cli('trimmed', 'XLEN', log('trimmed')));
    await fill(0, 600);
    expect(await length()).toBeLessThan(400);
    const gate = gatedLoader(undefined);
    const seen: number[] = [];
    const handle = async (item: number) => {
      if (item === 1000) await gate.load();
      seen.push(item);
    };
    const consumer = consume(events, 'slow', handle, { from: 'now', concurrency: 2 });
    const isThere = async () => (await events.lag('slow')) !== null;
    await until('the group is there', isThere, quickly);
    // One is in hand for long, and all that came later are done.
    await fill(1000, 300);
    await until('all others are handled', () => seen.length === 299, quickly);
    await fill(1300, 300);
    await until('all others are handled', () => seen.length === 599, quickly);
    expect(await length()).toBeGreaterThanOrEqual(600);
    expect(await events.lag('slow')).toMatchObject({ pending: 1 });
    gate.open();
    await until('all are handled', () => seen.length === 600, quickly);
    // One that nobody reads at the moment.
    await cli('trimmed', 'XGROUP', 'CREATE', log('trimmed'), 'absent', '$');
    await fill(1600, 300);
    await until('all are handled', () => seen.length === 900, quickly);
    expect(seen.sort((a, b) => a - b)).toEqual(numbers(1000, 900));
    await consumer.stop();
    await events.removeGroup('slow');
    await fill(1900, 200);
    expect(await events.lag('absent')).toMatchObject({ waiting: 500, pending: 0 });
    expect(await length()).toBeGreaterThanOrEqual(500);
    expect(await length()).toBeLessThan(800);
    expect(await events.removeGroup('absent')).toBe(true);
    await fill(2100, 100);
    expect(await length()).toBeLessThan(400);
  });

  test('a stop lets others have what it cut short at once, and leaves no name behind', async () => {
    const events = ground().one.use(stream<string>({ name: 'stopped' }));
    const began: string[] = [];
    const consumer = events.consume('mail', async (item, { signal }) => {
      began.push(item);
      await new Promise((_, reject) => signal.addEventListener('abort', reject));
    });
    await events.add('long');
    await until('it has begun', () => began.length === 1, quickly);
    await consumer.stop();
    const counts: number[] = [];
    consume(ground().other.use(stream<string>({ name: 'stopped' })), 'mail', (_, { count }) =>
      counts.push(count),
    );
    await until('another one has it', () => counts.length === 1, quickly);
    expect(counts).toEqual([1]);
    const names = (await cli('stopped', 'XINFO', 'CONSUMERS', log('stopped'), 'mail')).match(/^name$/gm);
    expect(names?.length).toBeLessThanOrEqual(2);
  });

  test('a group that the server lost goes on where it was', async () => {
    const events = ground().one.use(stream<number>({ name: 'lost' }));
    for (let i = 0; i < 5; i++) await events.add(i);
    const seen: number[] = [];
    consume(events, 'mail', (item) => seen.push(item), { from: 'now', silentMs: 100 });
    await until('the group is there', async () => (await events.lag('mail')) !== null, quickly);
    await events.add(5);
    await until('it is handled', () => seen.length === 1, quickly);
    await cli('lost', 'XGROUP', 'DESTROY', log('lost'), 'mail');
    await events.add(6);
    await until('the next is handled', () => seen.includes(6), quickly);
    // At least once: what was acknowledged in the last moment may come again, but nothing from before.
    expect(seen.filter((item) => item < 5)).toEqual([]);
    expect(new Set(seen)).toEqual(new Set([5, 6]));
  });

  test('consumers that are gone are forgotten once they have nothing', async () => {
    const events = ground().one.use(stream<number>({ name: 'gone' }));
    await events.add(1);
    await cli('gone', 'XGROUP', 'CREATE', log('gone'), 'mail', '0');
    await cli('gone', 'XREADGROUP', 'GROUP', 'mail', 'crashed', 'COUNT', '1', 'STREAMS', log('gone'), '>');
    await cli('gone', 'XGROUP', 'CREATECONSUMER', log('gone'), 'mail', 'lazy');
    const seen: [number, number][] = [];
    consume(events, 'mail', (item, { count }) => seen.push([item, count]), { silentMs: 100 });
    await until('what it left is taken over', () => seen.length === 1, quickly);
    expect(seen).toEqual([[1, 2]]);
    await until('their names are gone', async () => {
      const names = await cli('gone', 'XINFO', 'CONSUMERS', log('gone'), 'mail');
      return !names.includes('crashed') && !names.includes('lazy');
    });
  });

  test('an entry over which consumers die is given up as well', async () => {
    const events = ground().one.use(stream<number>({ name: 'deadly' }));
    await events.add(1);
    await cli('deadly', 'XGROUP', 'CREATE', log('deadly'), 'mail', '0');
    await cli('deadly', 'XREADGROUP', 'GROUP', 'mail', 'crashed', 'STREAMS', log('deadly'), '>');
    const [{ id = '' } = {}] = await first(events);
    await cli('deadly', 'XCLAIM', log('deadly'), 'mail', 'crashed', '0', id, 'RETRYCOUNT', '3');
    const seen: number[] = [];
    consume(events, 'mail', (item) => seen.push(item), { silentMs: 100, maxDeliveries: 3 });
    const [dead] = await until('it is dead', async () => {
      const found = await events.dead('mail');
      return found.length > 0 && found;
    });
    expect(dead).toMatchObject({ entryId: id, item: 1, reason: expect.stringContaining('did not end') });
    expect(seen).toEqual([]);
  });

  test('an item that its schema does not accept is refused, and one that is there counts as failed', async () => {
    const loose = stream<unknown>({ name: 'typed' });
    const strict = stream<string>({ name: 'typed', schema: v.string() });
    const events = ground().one.use(strict);
    const anything = 7 as unknown as string;
    await expect(events.add(anything)).rejects.toMatchObject({ code: 'redis/bad-use' });
    for (const item of [null, undefined, () => 1])
      await expect(ground().other.use(loose).add(item)).rejects.toMatchObject({ code: 'redis/bad-use' });
    for (const options of [
      { concurrency: 0 },
      { maxDeliveries: 0 },
      { silentMs: 0 },
      { handleWithinMs: Number.NaN },
    ])
      expect(() => events.consume('mail', () => 1, options)).toThrow(
        expect.objectContaining({ code: 'redis/bad-use' }),
      );
    expect(() => events.consume('no name', () => 1)).toThrow(
      expect.objectContaining({ code: 'redis/bad-use' }),
    );
    await ground().other.use(loose).add(7);
    await events.add('good');
    const seen: string[] = [];
    consume(events, 'mail', (item) => seen.push(item), { maxDeliveries: 2 });
    const dead = await until('it is dead', async () => (await events.dead('mail'))[0], quickly);
    expect(dead).toMatchObject({ item: undefined, json: '7', deliveries: 2 });
    expect(seen).toEqual(['good']);
    expect(await all(events.replay())).toEqual(['good']);
  });

  test('a handler that hangs loses its entry after its time, and what it says later does not count', async () => {
    const events = ground().one.use(stream<string>({ name: 'hanging' }));
    const reasons: unknown[] = [];
    const counts: number[] = [];
    const handle = (_: string, { count, signal }: { count: number; signal: AbortSignal }) => {
      counts.push(count);
      if (count > 1) return undefined;
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reasons.push(signal.reason.code) && reject(signal.reason)),
      );
    };
    consume(events, 'mail', handle, { handleWithinMs: 50 });
    await events.add('slow');
    await until('it is handed over again', () => counts.length === 2, quickly);
    expect(reasons).toEqual(['redis/handler-timeout']);
    await until('it is acknowledged', async () => (await events.lag('mail'))?.pending === 0, quickly);
  });

  test('closing the connection stops its consumers', async () => {
    const redis: Redis = await ground().open();
    const events = redis.use(stream<number>({ name: 'closing' }));
    const seen: number[] = [];
    events.consume('mail', (item) => seen.push(item));
    await events.add(1);
    await until('it is handled', () => seen.length === 1, quickly);
    await redis.close();
    await ground()
      .one.use(stream<number>({ name: 'closing' }))
      .add(2);
    expect(
      await ground()
        .one.use(stream<number>({ name: 'closing' }))
        .lag('mail'),
    ).toMatchObject({ waiting: 1 });
    expect(seen).toEqual([1]);
  });
};

async function first<Item>(events: Stream<Item>): Promise<StreamEntry<Item>[]> {
  const { value } = await events.replay().next();
  return value ? [value] : [];
}
