import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import type { RedisEvent } from '../../src/definition.js';
import { type Broadcast, broadcast, type EndSubscription } from '../../src/pubsub.js';
import type { StandardSchema } from '../../src/schema.js';
import type { Contract } from './ground.ts';
import { expectCode } from './refusals.ts';

/** Even numbers only, each checked for as many milliseconds as it says. */
const slowEven: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) => {
      await sleep(Number(value));
      return Number(value) % 2 === 0 ? { value: Number(value) } : { issues: [{ message: 'odd' }] };
    },
  },
};

const news = broadcast<unknown>({ name: 'news' });
const regions = broadcast<unknown>({ name: 'regions', sharded: true });
const even = broadcast<number>({ name: 'even', schema: slowEven });

/** Notes what is heard; ends with the test. */
async function listener(
  begin: (listen: (message: unknown, topic: string) => void) => Promise<EndSubscription>,
) {
  const heard: unknown[][] = [];
  const end = await begin((message, topic) => heard.push([message, topic]));
  onTestFinished(() => end());
  return { heard, end };
}

export const pubsub: Contract = (ground) => {
  describe.each([
    ['a broadcast', news],
    ['a sharded broadcast', regions],
  ] as const)('%s', (_title, definition) => {
    test('all who listen to a topic hear it in order, others do not', async () => {
      const { one, other } = ground();
      const [here, there] = [one.use(definition), other.use(definition)];
      const listeners = await Promise.all([
        listener((listen) => here.subscribe('weather', listen)),
        listener((listen) => there.subscribe('weather', listen)),
        listener((listen) => there.subscribe('weather', listen)),
      ]);
      const elsewhere = await listener((listen) => there.subscribe('sports', listen));
      const messages = [0, '', false, { deep: ['ü', 1.5] }, 'last'];
      let counted = 0;
      for (const message of messages) counted += (await here.publish('weather', message)).listeners;
      const all = messages.map((message) => [message, 'weather']);
      for (const { heard } of listeners) {
        await until('all are heard', () => heard.length === messages.length, { everyMs: 5 });
        expect(heard).toEqual(all);
      }
      // On a cluster, the server that takes a message need not be the one that is listened to.
      if (ground().topology !== 'cluster' || definition === regions) expect(counted).toBe(10);
      expect(elsewhere.heard).toEqual([]);
    });

    test('topics of any text are apart', async () => {
      const { one, other } = ground();
      const topics = ['', '%', '*', 'a b', '{}', 'a}:{b', 'ü\n'];
      const heard: unknown[][] = [];
      for (const topic of topics) {
        const end = await other.use(definition).subscribe(topic, (...words) => heard.push(words));
        onTestFinished(() => end());
      }
      for (const topic of topics) await one.use(definition).publish(topic, `to ${topic}`);
      await until('all are heard', () => heard.length >= topics.length, { everyMs: 5 });
      expect(heard.sort()).toEqual(topics.map((topic) => [`to ${topic}`, topic]).sort());
    });

    test('nothing is heard after the end, and others go on', async () => {
      const { one } = ground();
      const use = one.use(definition);
      const first = await listener((listen) => use.subscribe('ending', listen));
      const second = await listener((listen) => use.subscribe('ending', listen));
      await use.publish('ending', 1);
      await until('both heard it', () => first.heard.length + second.heard.length === 2, { everyMs: 5 });
      await first.end();
      await use.publish('ending', 2);
      await until('the other hears it', () => second.heard.length === 2, { everyMs: 5 });
      expect(first.heard).toHaveLength(1);
    });
  });

  test('a pattern hears the topics that fit it, under their names', async () => {
    const { one, other } = ground();
    const there = other.use(news);
    const all = await listener((listen) => there.subscribePattern('*', listen));
    const some = await listener((listen) => there.subscribePattern('eu *0', listen));
    const odd = await listener((listen) => there.subscribePattern('[x]?*', listen));
    // `eu 1 ` ends in a blank, whose code ends in 0.
    const topics = ['eu 10', 'eu 1 ', 'EU 10', '', '[x]?y', 'xzy', 'eu 0'];
    for (const topic of topics) await one.use(news).publish(topic, 1);
    await until('all are heard', () => all.heard.length === topics.length, { everyMs: 5 });
    const heardBy = ({ heard }: { heard: unknown[][] }) => heard.map(([, topic]) => topic).sort();
    expect(heardBy(all)).toEqual([...topics].sort());
    expect(heardBy(some)).toEqual(['eu 0', 'eu 10']);
    expect(heardBy(odd)).toEqual(['[x]?y']);
  });

  test('a pattern over shards is refused, in the types as well', async () => {
    const sharded = ground().one.use(regions);
    expectTypeOf(sharded).not.toHaveProperty('subscribePattern');
    await expectCode('redis/bad-use', () => (sharded as Broadcast<unknown>).subscribePattern('*', () => {}));
  });

  test('a schema that takes its time keeps the order, and leaves out what does not fit', async () => {
    const events: RedisEvent[] = [];
    const redis = await ground().open({ observe: (event) => events.push(event) });
    const heard: number[] = [];
    const end = await redis.use(even).subscribe('all', (message) => heard.push(message));
    for (const message of [80, 0, 41, 20, 2]) await ground().other.use(even).publish('all', message);
    await until('all are heard', () => heard.length === 4, { everyMs: 5 });
    await end();
    expect(heard).toEqual([80, 0, 20, 2]);
    expect(events).toEqual([{ name: 'even', what: 'misfit' }]);
  });

  test('a listener that throws or rejects is told to observers, and hurts nobody', async () => {
    const events: RedisEvent[] = [];
    const redis = await ground().open({ observe: (event) => events.push(event) });
    const use = redis.use(news);
    const error = new Error('no such window');
    const ends = [
      await use.subscribe('windows', () => {
        throw error;
      }),
      await use.subscribe('windows', () => Promise.reject(error)),
    ];
    const { heard } = await listener((listen) => use.subscribe('windows', listen));
    await ground().one.use(news).publish('windows', 1);
    await ground().one.use(news).publish('windows', 2);
    await until('both are heard', () => heard.length === 2 && events.length === 4, { everyMs: 5 });
    expect(new Set(events.map(({ what }) => what))).toEqual(new Set(['listener-failed']));
    expect(events.every((event) => event.error === error)).toBe(true);
    await Promise.all(ends.map((end) => end()));
  });

  test('messages that are none are not sent, and foreign ones not passed on', async () => {
    const { one, cli } = ground();
    const { heard } = await listener((listen) => one.use(news).subscribePattern('*', listen));
    for (const bad of [null, undefined, 1n, () => 1])
      await expectCode('redis/bad-use', () => one.use(news).publish('bad', bad));
    await cli('test:news:{bad}', 'PUBLISH', 'test:news:{bad}', 'not JSON');
    await cli('test:news:{%zz}', 'PUBLISH', 'test:news:{%zz}', '"a topic that is none"');
    await cli('test:news:{good}', 'PUBLISH', 'test:news:{good}', '"good"');
    await until('the good one is heard', () => heard.length === 1, { everyMs: 5 });
    expect(heard).toEqual([['good', 'good']]);
  });
};
