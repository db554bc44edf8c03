import { openRouter, type Router } from '../../src/backup/router.ts';
import { compareLines } from '../../src/engines/releases.ts';
import { placeOnLoopback } from '../../src/local/place.ts';
import type { Words } from '../../src/redis/connection.ts';
import { openModel, passwordIn } from '../support/open-model.ts';
import type { Stack } from './stack.ts';

/** A way to every key of a running stack, as its admin. */
export async function openKeys({ dir, status }: Pick<Stack, 'dir' | 'status'>): Promise<Router> {
  const { nodes } = await status();
  const placed = placeOnLoopback(
    openModel(dir),
    new Map(nodes.map((node) => [node.name, { port: node.port }])),
  );
  return openRouter(placed, { username: 'admin', password: passwordIn(dir, 'admin') });
}

interface Specimen {
  readonly key: Buffer;
  readonly write: readonly Words[];
  readonly read: Words;
}

const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const LATER = Date.now() + 3_600_000;

const specimen = (name: string | Buffer, read: Words, ...write: readonly Words[]): Specimen => {
  const key = Buffer.from(name);
  const named = ([command = '', ...rest]: Words): Words =>
    command === 'XGROUP' || command === 'XREADGROUP'
      ? [command, ...rest.map((word) => (word === 'KEY' ? key : word))]
      : [command, key, ...rest];
  return { key, read: named(read), write: write.map(named) };
};

const SPECIMENS: readonly Specimen[] = [
  specimen('text', ['GET'], ['SET', 'grüße']),
  specimen(bytes, ['GET'], ['SET', bytes]),
  specimen('large', ['GET'], ['SET', Buffer.alloc(3_000_000, bytes)]),
  specimen('counter', ['GET'], ['SET', '41'], ['INCR']),
  specimen('expiring', ['PEXPIRETIME'], ['SET', 'v', 'PXAT', String(LATER)]),
  specimen('list', ['LRANGE', '0', '-1'], ['RPUSH', 'a', bytes, 'c']),
  specimen(
    'long-list',
    ['LRANGE', '0', '-1'],
    ['RPUSH', ...Array.from({ length: 2000 }, (_, i) => `item-${i}`)],
  ),
  specimen('set', ['SMISMEMBER', 'a', 'x', 'b'], ['SADD', 'a', 'b', 'c']),
  specimen('numbers', ['SMISMEMBER', '1', '4', '3'], ['SADD', '1', '2', '3']),
  specimen('ranks', ['ZRANGE', '0', '-1', 'WITHSCORES'], ['ZADD', '1.5', 'a', '-inf', 'b', '2', bytes]),
  specimen('record', ['HMGET', 'a', 'b', 'none'], ['HSET', 'a', '1', 'b', bytes]),
  specimen('wide-record', ['HLEN'], ['HSET', ...Array.from({ length: 2000 }, (_, i) => `f${i}`)]),
  specimen('stream', ['XRANGE', '-', '+'], ['XADD', '1-1', 'f', 'v'], ['XADD', '2-1', 'f', bytes]),
  specimen(
    '{stream}groups',
    ['XPENDING', 'workers'],
    ['XADD', '1-1', 'f', 'v'],
    ['XADD', '2-1', 'f', 'v'],
    ['XGROUP', 'CREATE', 'KEY', 'workers', '0'],
    ['XREADGROUP', 'GROUP', 'workers', 'anna', 'COUNT', '1', 'STREAMS', 'KEY', '>'],
  ),
  specimen('sketch', ['PFCOUNT'], ['PFADD', 'a', 'b', 'c']),
];

/** Fields that expire by themselves: Redis since 7.4, Valkey since 9.0. */
const FIELD_TTL = specimen(
  'fields',
  ['HPEXPIRETIME', 'FIELDS', '2', 'a', 'b'],
  ['HSET', 'a', '1', 'b', '2'],
  ['HPEXPIREAT', String(LATER), 'FIELDS', '1', 'a'],
);

const LIBRARY =
  "#!lua name=shop\nredis.register_function{function_name='answer', callback=function() return 42 end, flags={'no-writes'}}";

export const SPECIMEN_COUNT = SPECIMENS.length + 1;

function specimens({ engine }: Pick<Stack, 'engine'>): readonly Specimen[] {
  const since = engine.name === 'redis' ? '7.4' : '9.0';
  return compareLines(engine.line, since) >= 0 ? [...SPECIMENS, FIELD_TTL] : SPECIMENS;
}

/** One key of each kind there is, and a library of functions. */
export async function writeVaried(stack: Pick<Stack, 'engine'>, keys: Router): Promise<void> {
  for (const { key, write } of specimens(stack)) {
    for (const words of write) {
      const [reply] = await keys.send(0, [{ key, words }]);
      if (reply instanceof Error) throw reply;
    }
  }
  await keys.everyPrimary('FUNCTION', 'LOAD', 'REPLACE', LIBRARY);
}

/** What each of them is now, to compare; and what the function says on every primary. */
export async function readVaried(stack: Pick<Stack, 'engine'>, keys: Router): Promise<unknown> {
  const found: unknown[] = [];
  for (const { key, read } of specimens(stack)) {
    const [reply] = await keys.send(0, [{ key, words: read }]);
    found.push([key.toString('latin1'), readable(reply)]);
  }
  const answers = await keys.everyPrimary('FCALL', 'answer', '0');
  return { found, functions: [...new Set(answers)] };
}

function readable(value: unknown): unknown {
  if (value instanceof Error) throw value;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return Array.isArray(value) ? value.map(readable) : value;
}

/** `count` small keys that begin with `prefix`, every tenth with a TTL. */
export async function writeMany(keys: Router, count: number, prefix = 'many'): Promise<void> {
  for (let done = 0; done < count; done += 2000) {
    const some = Array.from({ length: Math.min(2000, count - done) }, (_, i) => done + i);
    const replies = await keys.send(
      0,
      some.map((i) => {
        const key = Buffer.from(`${prefix}:${i}`);
        return { key, words: ['SET', key, `value ${i}`, ...(i % 10 === 0 ? ['PXAT', String(LATER)] : [])] };
      }),
    );
    const refused = replies.find((reply) => reply instanceof Error);
    if (refused) throw refused;
  }
}

export async function countKeys(keys: Router): Promise<number> {
  const sizes = await keys.everyPrimary('DBSIZE');
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
}

export async function empty(keys: Router): Promise<void> {
  await keys.everyPrimary('FLUSHALL');
  await keys.everyPrimary('FUNCTION', 'FLUSH');
}
