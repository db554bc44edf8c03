import { afterAll, describe, expect, it } from 'vitest';
import {
  type KeyLook,
  type KeySaving,
  questionsFor,
  type Settings,
  savingsOf,
} from '../../src/doctor/savings/index.ts';
import { layoutOf, quantumOfString } from '../../src/doctor/savings/layout.ts';
import { extrapolate } from '../../src/doctor/statistics.ts';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseFields, parsePairs } from '../../src/redis/replies.ts';
import { type Engine, engine as engineOf, newest } from '../support/engines.ts';
import { extremes } from '../support/matrix.ts';
import { startServer } from '../support/servers.ts';

type Command = readonly (string | Buffer)[];

/** Keys that take more than they need, and the work that makes them smaller. */
interface Story {
  readonly change: string;
  readonly keys: number;
  readonly before?: Readonly<Record<string, string>>;
  readonly after?: Readonly<Record<string, string>>;
  readonly write: (i: number, some: Random) => Command;
  /** What makes a key that was just written one of a server that has run for a while. */
  readonly age?: (key: string) => readonly Command[];
  /** Commands that rewrite the key; DUMP and RESTORE where left out. */
  readonly rewrite?: (key: string, value: unknown) => readonly Command[];
  readonly read?: (key: string) => Command;
}

/** Repeatable numbers from 0 to 1. */
type Random = () => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const between = (some: Random, least: number, most: number) =>
  least + Math.floor(some() * (most - least + 1));

const text = (some: Random, least: number, most: number) =>
  Array.from({ length: between(some, least, most) }, () => between(some, 0, 35).toString(36)).join('');

const many = (count: number, one: (i: number) => readonly string[]) =>
  Array.from({ length: count }, (_, i) => one(i)).flat();

const name = (kind: string, i: number) => `${kind}:${100_000 + i}`;

const STORIES: Readonly<Record<string, Story>> = {
  'hashes of many fields': {
    change: 'hash-max-listpack-entries',
    keys: 1500,
    before: { 'hash-max-listpack-entries': '128' },
    after: { 'hash-max-listpack-entries': '512' },
    write: (i, some) => [
      'HSET',
      name('cart', i),
      ...many(between(some, 130, 400), (j) => [
        `item:${j}`,
        some() < 0.5 ? String(between(some, 0, 1e6)) : text(some, 3, 40),
      ]),
    ],
  },
  'hashes with one long value': {
    change: 'hash-max-listpack-value',
    keys: 8000,
    after: { 'hash-max-listpack-value': '128' },
    write: (i, some) => [
      'HSET',
      name('user', i),
      'about',
      text(some, 65, 120),
      ...many(between(some, 6, 20), (j) => [`field${j}`, text(some, 2, 30)]),
    ],
  },
  'sets of many words': {
    change: 'set-max-listpack-entries',
    keys: 1500,
    before: { 'set-max-listpack-entries': '128' },
    after: { 'set-max-listpack-entries': '512' },
    write: (i, some) => [
      'SADD',
      name('tags', i),
      ...many(between(some, 135, 400), () => [text(some, 6, 30)]),
    ],
  },
  'sets of many integers': {
    change: 'set-max-intset-entries',
    keys: 800,
    before: { 'set-max-intset-entries': '512' },
    after: { 'set-max-intset-entries': '1024' },
    write: (i, some) => [
      'SADD',
      name('members', i),
      ...many(between(some, 540, 900), () => [String(between(some, 1, 9e8))]),
    ],
  },
  'sorted sets of many members': {
    change: 'zset-max-listpack-entries',
    keys: 1200,
    before: { 'zset-max-listpack-entries': '128' },
    after: { 'zset-max-listpack-entries': '512' },
    write: (i, some) => [
      'ZADD',
      name('board', i),
      ...many(between(some, 130, 400), (j) => [
        some() < 0.5 ? String(between(some, 0, 1e9)) : String(some() * 1000),
        `player:${j}:${text(some, 2, 12)}`,
      ]),
    ],
  },
  'lists in small nodes': {
    change: 'list-max-listpack-size',
    keys: 2000,
    before: { 'list-max-listpack-size': '8' },
    after: { 'list-max-listpack-size': '-2' },
    write: (i, some) => [
      'RPUSH',
      name('log', i),
      ...many(between(some, 100, 300), () => [text(some, 4, 40)]),
    ],
    read: (key) => ['LRANGE', key, '0', '-1'],
    rewrite: (key, value) => [
      ['DEL', key],
      ['RPUSH', key, ...(value as Buffer[])],
    ],
  },
  'numbers as texts': {
    change: 'integer-strings',
    keys: 40_000,
    write: (i, some) => ['SET', name('count', i), `"${between(some, 10_000, 1e9)}"`],
    read: (key) => ['GET', key],
    rewrite: (key, value) => [['SET', key, String(value).replaceAll('"', '')]],
  },
  'long names': {
    change: 'shorter-names',
    keys: 40_000,
    write: (i, some) => [
      'SET',
      `com.example.shop:production:customer:preferences:${100_000 + i}`,
      text(some, 4, 60),
    ],
    // In Redis 8.2 keys that meet others at their place in the table get an entry, and keep it when the others have gone.
    age: (key) => [
      ['RENAME', key, `${key}:`],
      ['RENAME', `${key}:`, key],
    ],
    read: (key) => ['STRLEN', key],
    rewrite: (key) => [['RENAME', key, `shop:cust:prefs:k:${key.slice(-6)}`]],
  },
  'small strings with numbers in their names': {
    change: 'strings-in-hashes',
    keys: 50_000,
    write: (i, some) => [
      'SET',
      name('visits', i),
      some() < 0.5 ? text(some, 4, 30) : String(between(some, 0, 1e6)),
    ],
    read: (key) => ['GET', key],
    rewrite: (key, value) => [
      ['HSET', key.slice(0, -2), key.slice(-2), value as Buffer],
      ['DEL', key],
    ],
  },
};

const info = async (connection: Connection, section: string) =>
  parseFields(await connection.call('INFO', section));

/** Memory in use once the server has stopped tidying up. */
async function quietBytes(connection: Connection): Promise<number> {
  let last = Number.NaN;
  for (let same = 0; same < 4; ) {
    await new Promise((done) => setTimeout(done, 150));
    const { used_memory, lazyfree_pending_objects } = await info(connection, 'memory');
    const bytes = Number(used_memory);
    same = Math.abs(bytes - last) < 20_000 && lazyfree_pending_objects === '0' ? same + 1 : 0;
    last = bytes;
  }
  return last;
}

async function inBatches(connection: Connection, commands: readonly Command[]): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (let i = 0; i < commands.length; i += 500)
    replies.push(...(await connection.batch(commands.slice(i, i + 500))));
  const failed = replies.find((one) => one instanceof Error);
  if (failed) throw failed;
  return replies;
}

const LENGTH: Readonly<Record<string, string>> = {
  string: 'STRLEN',
  hash: 'HLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  list: 'LLEN',
};

async function lookAt(connection: Connection, key: string): Promise<KeyLook> {
  const type = String(await connection.call('TYPE', key));
  return {
    key: Buffer.from(key),
    db: 0,
    type,
    encoding: String(await connection.call('OBJECT', 'ENCODING', key)),
    bytes: Number(await connection.call('MEMORY', 'USAGE', key, 'SAMPLES', '5')),
    elements: Number(await connection.call(LENGTH[type] ?? 'TYPE', key)),
    ttlMs: Number(await connection.call('PTTL', key)),
  };
}

/** What the doctor would say, from some of the keys. */
async function estimate(connection: Connection, keys: readonly string[], change: string, some: Random) {
  const settings = parsePairs(await connection.call('CONFIG', 'GET', '*'));
  const looked = 400;
  const saved: KeySaving[] = [];
  const start = between(some, 0, 1000);
  for (let i = 0; i < looked; i++) {
    const key = keys[(start + i * Math.floor(keys.length / looked)) % keys.length] ?? '';
    const look = await lookAt(connection, key);
    const replies = await connection.batch(questionsFor(look, settings));
    saved.push(...savingsOf(look, replies, settings).filter((one) => one.change === change));
  }
  const less = saved.map(({ nowBytes, thenBytes }) => nowBytes - thenBytes);
  return extrapolate(
    { keys: keys.length, looked, complete: false },
    { sum: less.reduce((sum, one) => sum + one, 0), squares: less.reduce((sum, one) => sum + one ** 2, 0) },
  );
}

async function carryOut(connection: Connection, keys: readonly string[], story: Story): Promise<void> {
  for (const [setting, value] of Object.entries(story.after ?? {}))
    await connection.call('CONFIG', 'SET', setting, value);
  const values = await inBatches(
    connection,
    keys.map((key) => story.read?.(key) ?? ['DUMP', key]),
  );
  const commands = keys.flatMap(
    (key, i) => story.rewrite?.(key, values[i]) ?? [['RESTORE', key, '0', values[i] as Buffer, 'REPLACE']],
  );
  await inBatches(connection, commands);
}

const ratios: string[] = [];

async function tell(engine: Engine, title: string, story: Story): Promise<number> {
  // A histogram for each kind of command would be made meanwhile.
  const directives = [['latency-tracking', 'no'], ...Object.entries(story.before ?? {})];
  await using server = await startServer({ engine, directives });
  const at = { host: '127.0.0.1', port: server.port };
  const connection = await openConnection(at, { username: '', password: '' }, 20_000);
  try {
    const some = randomFrom(7);
    const commands = Array.from({ length: story.keys }, (_, i) => story.write(i, some));
    await inBatches(connection, commands);
    const keys = commands.map(([, key]) => String(key));
    await inBatches(
      connection,
      keys.flatMap((key) => story.age?.(key) ?? []),
    );
    const before = await quietBytes(connection);
    const { value, plusMinus } = await estimate(connection, keys, story.change, some);
    await carryOut(connection, keys, story);
    const real = before - (await quietBytes(connection));
    const ratio = value / real;
    ratios.push(
      `${engine.name} ${engine.version}  ${title}: estimated ${value} ± ${plusMinus}, saved ${real}: ${ratio.toFixed(3)}`,
    );
    return ratio;
  } finally {
    connection.close();
  }
}

const NAMES = [5, 8, 22, 31, 32, 33, 54, 127, 128, 200];
const VALUES = [1, 5, 8, 13, 21, 28, 29, 31, 36, 37, 41, 44, 45, 100, 300];

/** Strings of all lengths at which servers change their minds, with and without an end. */
async function strings(connection: Connection): Promise<readonly KeyLook[]> {
  const named = (length: number, i: number) => String(i).padStart(length, 'k');
  const values = ['1234567', ...VALUES.map((length) => 'v'.repeat(length))];
  const commands = NAMES.flatMap((length) =>
    values.flatMap((value, i): readonly Command[] => [
      ['SET', named(length, 2 * i), value],
      ['SET', named(length, 2 * i + 1), value, 'EX', '100000'],
    ]),
  );
  await inBatches(connection, commands);
  const looks: KeyLook[] = [];
  for (const [, key] of commands) looks.push(await lookAt(connection, String(key)));
  return looks;
}

async function withServer(engine: Engine, use: (connection: Connection) => Promise<void>): Promise<void> {
  await using server = await startServer({ engine });
  const at = { host: '127.0.0.1', port: server.port };
  const connection = await openConnection(at, { username: '', password: '' }, 20_000);
  try {
    await use(connection);
  } finally {
    connection.close();
  }
}

/** Before 7.2 sets of words had no small encoding. */
const knows = ({ name: software, line }: Engine, { change }: Story) =>
  !(software === 'redis' && line === '7.0' && change === 'set-max-listpack-entries');

/** The newest Redis is neither the oldest nor the newest of all, and lays keys out in its own way. */
const tested = [...new Map([...extremes(), newest('redis')].map((one) => [one.server, one])).values()];

describe.each(tested.map((one) => [`${one.name} ${one.version}`, one] as const))('%s', (_, engine) => {
  afterAll(() => void process.stdout.write(`${ratios.splice(0).join('\n')}\n`));

  it.each(Object.entries(STORIES).filter(([, story]) => knows(engine, story)))(
    '%s: the estimate is what rewriting saves',
    { timeout: 120_000 },
    async (title, story) => {
      const ratio = await tell(engine, title, story);
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
    },
  );

  it('MEMORY USAGE of a string comes out to the byte', async () => {
    await withServer(engine, async (connection) => {
      const layout = layoutOf(parsePairs(await connection.call('CONFIG', 'GET', '*')));
      const looks = await strings(connection);
      expect(looks).toHaveLength(320);
      const unknown = looks.filter((look) => quantumOfString(layout, look) === undefined);
      expect(unknown.map(({ key, elements, ttlMs }) => [key.length, elements, ttlMs >= 0])).toEqual([]);
    });
  });
});

it('nothing is said of strings in a later Redis than was measured', async () => {
  await withServer(engineOf('redis', '8.2'), async (connection) => {
    const settings = parsePairs(await connection.call('CONFIG', 'GET', '*'));
    const long = (await strings(connection)).filter(({ key }) => key.length > 24);
    const said = (known: Settings) => long.flatMap((look) => savingsOf(look, [], known));
    expect(said(settings).length).toBeGreaterThan(0);
    expect(said({ ...settings, 'cluster-slot-migration-handoff-max-lag-bytes': '1048576' })).toEqual([]);
  });
});
