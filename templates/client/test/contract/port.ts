import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import type { Definition } from '../../src/definition.js';
import type { ChannelKind, RedisPort } from '../../src/port.js';
import { pairsOf, textsOf } from '../../src/replies.js';
import { script } from '../../src/scripts.js';
import { slotOf } from '../../src/slot.js';
import type { Contract, Ground } from './ground.ts';

/** The port itself, as patterns get it. */
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };

const spread = (count: number, name: string): string[] =>
  Array.from({ length: count }, (_, index) => `test:port:${name}:${index}`);

const increase = script(`return redis.call('INCRBY', KEYS[1], ARGV[1])`, Number);

/** A key in each shard. */
const oneInEach = ({ one }: Ground): readonly string[] => [
  ...new Map(spread(60, 'each').map((key) => [one.use(bare).shardOf(key), key])).values(),
];

/** Cuts every connection of the application on every server. */
async function cutAll(ground: Ground): Promise<void> {
  for (const key of oneInEach(ground)) await ground.cli(key, 'CLIENT', 'KILL', 'USER', 'app');
}

/** Waits until the connections that others use are made anew. */
function mended(ground: Ground): Promise<unknown> {
  const keys = oneInEach(ground);
  return until('all answer again', async () => {
    await Promise.all(
      [ground.one, ground.other].flatMap((each) => keys.map((key) => each.use(bare).get(key))),
    );
    return true;
  });
}

export const port: Contract = (ground) => {
  const here = () => ground().one.use(bare);
  const own = async () => (await ground().open()).use(bare);

  describe('commands', () => {
    test('values come back as they were written, in order, from every slot', async () => {
      const keys = spread(40, 'value');
      const texts = ['', 'ü{ß', '🙂', 'a\r\nb', '{"a":1}', 'x'.repeat(1_000_000)];
      const written = keys.map((_, index) => texts[index % texts.length] ?? '');
      await Promise.all(keys.map((key, index) => here().call(key, ['SET', key, written[index] ?? ''])));
      expect(await here().mget([...keys, 'test:port:absent'])).toEqual([...written, null]);
      expect(await Promise.all(keys.map((key) => here().get(key)))).toEqual(written);
      expect(await here().get('test:port:absent')).toBeNull();
    });

    test('go to the server that holds the key, wherever the key is among the words', async () => {
      for (const key of spread(8, 'placed')) {
        await here().call(key, ['RPUSH', key, 'x']);
        expect(await here().call(key, ['OBJECT', 'ENCODING', key])).toMatch(/list/);
        await here().call(`${key}:log`, ['XADD', `${key}:log`, '1-1', 'a', 'b']);
        expect(pairsOf(await here().call(`${key}:log`, ['XINFO', 'STREAM', `${key}:log`]))).toContainEqual([
          'length',
          1,
        ]);
      }
    });

    test('a script runs, also where the server has forgotten it', async () => {
      const key = 'test:port:script';
      expect(await here().run(increase, [key], ['2'])).toBe(2);
      await ground().cli(key, 'SCRIPT', 'FLUSH');
      expect(await here().run(increase, [key], ['3'])).toBe(5);
    });

    test('what Redis refuses is told in its words, beside commands that it takes', async () => {
      const key = 'test:port:list';
      await here().call(key, ['RPUSH', key, 'x']);
      const outcomes = await Promise.allSettled([
        here().get(key),
        here().call(key, ['LLEN', key]),
        here().call(key, ['NONSENSE', key]),
        here().call(key, ['CONFIG', 'GET', 'port']),
        here().run(script(`return redis.error_reply('MINE it is')`, String), [key], []),
        here().call(key, ['LLEN', key]),
      ]);
      const refused = (words: RegExp) => ({
        status: 'rejected',
        reason: { code: 'redis/refused', cause: { message: expect.stringMatching(words) } },
      });
      expect(outcomes).toMatchObject([
        refused(/^WRONGTYPE/),
        { value: 1 },
        refused(/^ERR unknown command/),
        refused(/^NOPERM/),
        refused(/^MINE/),
        { value: 1 },
      ]);
    });

    test('a read for callbacks gives the text, and the refusal', async () => {
      const key = 'test:port:read';
      const read = (of: string) =>
        new Promise((resolve) => {
          here().read(of, resolve, resolve);
        });
      await here().call(key, ['SET', key, 'text']);
      await here().call(`${key}:list`, ['RPUSH', `${key}:list`, 'x']);
      expect(await read(key)).toBe('text');
      expect(await read(`${key}:absent`)).toBeNull();
      expect(await read(`${key}:list`)).toMatchObject({ code: 'redis/refused' });
    });

    test('thousands at once are each given their own answer', async () => {
      const keys = spread(3000, 'many');
      const answers = await Promise.all(keys.map((key) => here().call(key, ['SET', key, key, 'GET'])));
      expect(answers.every((answer) => answer === null)).toBe(true);
      expect(await Promise.all(keys.map((key) => here().get(key)))).toEqual(keys);
    });

    test('more than can be kept waiting are turned away at once, and the rest is answered', async () => {
      const crowded = await own();
      const key = 'test:port:crowd';
      const outcomes = await Promise.allSettled(
        Array.from({ length: 15_000 }, () => crowded.call(key, ['INCR', key])),
      );
      const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
      const turnedAway = outcomes.filter(
        (one) => one.status === 'rejected' && one.reason.code === 'redis/overloaded',
      ).length;
      expect([answered, turnedAway]).toEqual([10_000, 5000]);
      expect(await crowded.get(key)).toBe('10000');
    });

    test('what is repeated until it succeeds succeeds in a crowd too', async () => {
      const { direct } = await ground().open();
      const keys = Array.from({ length: 12_000 }, (_, index) => `port:patient:${index}`);
      await Promise.all(keys.map((key) => direct.set(key, key)));
      expect(await direct.get(keys.at(-1) ?? '')).toBe(keys.at(-1));
    });
  });

  describe('replies', () => {
    const key = 'test:port:{replies}';
    const ask = (...words: [string, ...string[]]) => here().call(key, words);

    test('names and values of a hash, a ranking and a set of numbers', async () => {
      await ask('HSET', `${key}:hash`, 'a', '1', '__proto__', '2', '7', '3');
      expect(pairsOf(await ask('HGETALL', `${key}:hash`))).toEqual([
        ['a', '1'],
        ['__proto__', '2'],
        ['7', '3'],
      ]);
      expect(pairsOf(await ask('HGETALL', `${key}:none`))).toEqual([]);
      await ask('ZADD', `${key}:ranks`, '1.5', 'x', '2', 'y');
      const ranks = pairsOf(await ask('ZRANGE', `${key}:ranks`, '0', '-1', 'WITHSCORES'));
      expect(ranks.map(([member, score]) => [member, Number(score)])).toEqual([
        ['x', 1.5],
        ['y', 2],
      ]);
      expect(Number(await ask('ZSCORE', `${key}:ranks`, 'x'))).toBe(1.5);
      expect(Number(await ask('INCRBYFLOAT', `${key}:float`, '0.5'))).toBe(0.5);
      await ask('SADD', `${key}:set`, 'm');
      expect(textsOf(await ask('SMEMBERS', `${key}:set`))).toEqual(['m']);
      expect(textsOf(await ask('SMISMEMBER', `${key}:set`, 'm', 'n'))).toEqual(['1', '0']);
    });

    test('entries of a stream that a group reads and takes over', async () => {
      const log = `${key}:log`;
      await ask('XGROUP', 'CREATE', log, 'g', '0', 'MKSTREAM');
      const read = () => ask('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '10', 'STREAMS', log, '>');
      expect(pairsOf(await read())).toEqual([]);
      await ask('XADD', log, '1-1', 'a', 'b');
      const [[stream, entries] = []] = pairsOf(await read());
      expect(stream).toBe(log);
      const inWords = (list: unknown) =>
        (list as unknown[][]).map(([id, fields]) => [String(id), pairsOf(fields)]);
      expect(inWords(entries)).toEqual([['1-1', [['a', 'b']]]]);
      const [cursor, claimed] = (await ask('XAUTOCLAIM', log, 'g', 'd', '0', '0')) as unknown[];
      expect(String(cursor)).toBe('0-0');
      expect(inWords(claimed)).toEqual([['1-1', [['a', 'b']]]]);
      const [pending] = (await ask('XPENDING', log, 'g')) as unknown[];
      expect(Number(pending)).toBe(1);
    });
  });

  describe('servers', () => {
    test('the primaries are known by addresses that can be reached', async () => {
      const primaries = here().primaries();
      expect(primaries).toHaveLength(ground().topology === 'cluster' ? 3 : 1);
      for (const at of primaries) {
        const socket = connect(at);
        await once(socket, 'connect');
        socket.destroy();
      }
      expect(await here().callPrimaries(['PING'])).toEqual(primaries.map(() => 'PONG'));
    });

    test('every key has a shard, and keys of one tag have the same', () => {
      const shards = new Set(spread(100, 'shard').map((key) => here().shardOf(key)));
      expect(shards.size).toBe(ground().topology === 'cluster' ? 3 : 1);
      expect(slotOf('a{tag}1')).toBe(slotOf('b{tag}2'));
      expect(here().shardOf('a{tag}1')).toBe(here().shardOf('b{tag}2'));
    });
  });

  describe.each<[ChannelKind, string, (channel: string) => string]>([
    ['channel', 'PUBLISH', (channel) => channel],
    ['pattern', 'PUBLISH', (channel) => channel.replace(/:\d+$/, ':[0-9]*')],
    ['shard', 'SPUBLISH', (channel) => channel],
  ])('a subscription to a %s', (kind, publish, nameOf) => {
    const say = (channel: string, text: string) =>
      ground().other.use(bare).call(channel, [publish, channel, text]);

    test('hears every message in order, once for each listener, until it ends', async () => {
      const channel = `test:port:${kind}:1`;
      const [first, second]: [string[][], string[][]] = [[], []];
      const endFirst = await here().subscribe(kind, nameOf(channel), (...heard) => first.push(heard));
      const endSecond = await here().subscribe(kind, nameOf(channel), (...heard) => second.push(heard));
      const texts = ['', 'ü\n{"a":1}', ...Array.from({ length: 20 }, (_, index) => `${index}`)];
      for (const text of texts) await say(channel, text);
      const expected = texts.map((text) => [text, channel]);
      await until('all are heard', () => first.length >= texts.length && second.length >= texts.length);
      expect([first, second]).toEqual([expected, expected]);
      await endFirst();
      await say(channel, 'last');
      await until('the other one hears it', () => second.length > texts.length);
      await endSecond();
      await say(channel, 'nobody');
      const fence: string[] = [];
      const end = await here().subscribe(kind, nameOf(channel), (text) => fence.push(text));
      await say(channel, 'fence');
      await until('the fence is heard', () => fence.includes('fence'));
      // A message for nobody may still be on its way from another node of the cluster when the fence begins to listen.
      expect(fence.filter((text) => text !== 'nobody')).toEqual(['fence']);
      expect([first.length, second.length]).toEqual([texts.length, texts.length + 1]);
      await end();
    });

    test('to many of them goes on after every connection was cut', async () => {
      const listening = await own();
      const channels = spread(12, `${kind}:cut`);
      const heard = new Set<string>();
      for (const channel of channels)
        await listening.subscribe(kind, nameOf(channel), (_text, from) => heard.add(from));
      await cutAll(ground());
      await until('all hear again', async () => {
        await Promise.allSettled(channels.map((channel) => say(channel, 'again')));
        return heard.size === channels.length;
      });
      await mended(ground());
    });

    test('is not begun on a connection that was dropped', async () => {
      const dropped = await own();
      await dropped.destroy();
      await expect(dropped.subscribe(kind, 'x', () => {})).rejects.toMatchObject({ code: 'redis/closed' });
    });
  });

  describe('tracking', () => {
    async function trackAll(prefix: string) {
      const heard: string[] = [];
      const at = here().primaries();
      let ready = 0;
      let gaps = 0;
      const trackings = at.map((address) =>
        here().track(address, prefix, {
          onWrite: (key) => heard.push(key),
          onReady: () => ready++,
          onGap: () => gaps++,
        }),
      );
      onTestFinished(() => {
        for (const one of trackings) one.stop();
      });
      await until('every primary announces', () => ready >= at.length);
      return { heard, trackings, ready: () => ready, gaps: () => gaps, count: at.length };
    }
    const write = (key: string, ...more: string[]) => here().call(key, ['SET', key, 'x', ...more]);

    test('hears of writes, deletions and expiry below the prefix, and of nothing else', async () => {
      const { heard, trackings } = await trackAll('test:tracked:');
      const keys = ['1', '2,3', 'ü', '{t}'].map((id) => `test:tracked:${id}`);
      await write('test:trackless:1');
      for (const key of keys) await write(key);
      await until('the writes are heard', () => keys.every((key) => heard.includes(key)));
      expect(new Set(heard)).toEqual(new Set(keys));
      heard.length = 0;
      await here().call('test:tracked:1', ['DEL', 'test:tracked:1']);
      await until('the deletion is heard', () => heard.includes('test:tracked:1'));
      await write('test:tracked:brief', 'PX', '20');
      await until('the end is heard', async () => {
        await here().get('test:tracked:brief');
        return heard.filter((key) => key === 'test:tracked:brief').length >= 2;
      });
      expect(await Promise.all(trackings.map((one) => one.ping()))).toHaveLength(trackings.length);
    });

    test('takes a flush of everything, and a lost connection, for a gap', async () => {
      const { heard, ready, gaps, count } = await trackAll('test:tracked2:');
      const before = gaps();
      await ground().cli('test:tracked2:a', 'FLUSHALL');
      await until('the flush is a gap', () => gaps() > before && ready() > count);
      const [wasReady, hadGaps] = [ready(), gaps()];
      await cutAll(ground());
      await until('the cut is a gap', () => gaps() > hadGaps && ready() >= wasReady + count);
      await mended(ground());
      heard.length = 0;
      await write('test:tracked2:a');
      await until('writes are heard again', () => heard.includes('test:tracked2:a'));
    });
  });

  describe('connections', () => {
    test('that are cut are reported and made anew, and nothing is left without an answer', async () => {
      const errors: Error[] = [];
      const redis = await ground().open({ onError: (error) => errors.push(error) });
      const cut = redis.use(bare);
      const asking = Promise.allSettled(
        spread(300, 'cutting').map((key) => cut.call(key, ['SET', key, 'x'])),
      );
      await cutAll(ground());
      for (const one of await asking)
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'redis/unreachable' });
      const key = 'test:port:after';
      await until('it answers again', () => cut.call(key, ['SET', key, 'yes']).then(() => true));
      expect(await ground().cli(key, 'GET', key)).toBe('yes');
      expect(errors.every((error) => error instanceof Error)).toBe(true);
      await mended(ground());
    });

    test('closing lets commands finish', async () => {
      const closing = await own();
      const keys = spread(200, 'closing');
      const written = Promise.all(keys.map((key) => closing.call(key, ['INCR', key])));
      await closing.close();
      expect(await written).toEqual(keys.map(() => 1));
      await expect(closing.get('test:port:closing')).rejects.toMatchObject({ code: 'redis/closed' });
      await expect(closing.callPrimaries(['PING'])).rejects.toMatchObject({ code: 'redis/closed' });
    });

    test('dropping rejects what waits', async () => {
      const dropped = await own();
      const key = 'test:port:dropped';
      const waiting = expect(dropped.call(key, ['BLPOP', key, '5'])).rejects.toMatchObject({
        code: 'redis/closed',
      });
      await until('it waits', async () => /cmd=blpop/.test(await ground().cli(key, 'CLIENT', 'LIST')));
      await dropped.destroy();
      await waiting;
      await expect(dropped.mget([key])).rejects.toMatchObject({ code: 'redis/closed' });
      await until('it is gone', async () => !/cmd=blpop/.test(await ground().cli(key, 'CLIENT', 'LIST')));
    });
  });
};
