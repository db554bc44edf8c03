import { createHash } from 'node:crypto';
import type { Address } from '../../../src/model/types.ts';
import type { Words } from '../../../src/redis/connection.ts';
import { askAll, keysOf, sendAll, withHolders } from './holders.ts';
import type { Login } from './types.ts';

/** Data that lies there while a migration goes on. */
export interface Seed {
  /** Begins every key. */
  readonly prefix: string;
  readonly count: number;
  /** Fields of the one large hash; 0 for none. */
  readonly largeFields: number;
}

/** Times of expiry are multiples of it: MIGRATE carries the time that is left, which shifts them by what it takes. */
const MOMENT_MS = 600_000;
const MOMENTS = 500;
const PART = 20_000;
const FIELDS_AT_ONCE = 1000;

/** How each kind is written and read; a key tells its kind by the letter after the prefix. */
const KINDS: readonly {
  readonly letter: string;
  /** Of a hundred keys in a row. */
  readonly share: number;
  readonly write: (key: string, n: number) => Words;
  readonly read: (key: string) => Words;
  readonly isOrdered: boolean;
}[] = [
  {
    letter: 'e',
    share: 10,
    write: (key, n) => ['SET', key, text(n), 'PXAT', String(later + (n % MOMENTS) * MOMENT_MS)],
    read: (key) => ['GET', key],
    isOrdered: true,
  },
  {
    letter: 's',
    share: 80,
    write: (key, n) => ['SET', key, text(n)],
    read: (key) => ['GET', key],
    isOrdered: true,
  },
  {
    letter: 'h',
    share: 5,
    write: (key, n) => [
      'HSET',
      key,
      'name',
      text(n).slice(0, 12),
      'mail',
      text(n).slice(12, 30),
      'n',
      `${n}`,
    ],
    read: (key) => ['HGETALL', key],
    isOrdered: false,
  },
  {
    letter: 'z',
    share: 2,
    write: (key, n) => ['ZADD', key, '1', `a${n}`, '2.5', `b${n}`, '-3', 'c'],
    read: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    isOrdered: true,
  },
  {
    letter: 'l',
    share: 1,
    write: (key, n) => ['RPUSH', key, text(n).slice(0, 20), `${n}`, 'end'],
    read: (key) => ['LRANGE', key, '0', '-1'],
    isOrdered: true,
  },
  {
    letter: 't',
    share: 1,
    write: (key, n) => ['SADD', key, `m${n}`, `n${n}`, `${n}`],
    read: (key) => ['SMEMBERS', key],
    isOrdered: false,
  },
  {
    letter: 'x',
    share: 1,
    write: (key, n) => ['XADD', key, `${n + 1}-1`, 'field', text(n).slice(0, 30)],
    read: (key) => ['XRANGE', key, '-', '+'],
    isOrdered: true,
  },
];

/** Tomorrow. */
const later = (Math.ceil(Date.now() / MOMENT_MS) + 144) * MOMENT_MS;

const LETTERS = KINDS.flatMap(({ letter, share }) => Array.from({ length: share }, () => letter));

/** 40 to 100 characters, the same for the same number; bytes that are no UTF-8 are left to tests of backups. */
function text(n: number): string {
  const words = createHash('md5')
    .update(String(n % 1000))
    .digest('hex')
    .repeat(4);
  return words.slice(0, 40 + (n % 60));
}

function commandsFor({ prefix }: Seed, from: number, to: number): readonly Words[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const letter = LETTERS[(n * 7) % 100];
    const kind = KINDS.find((one) => one.letter === letter);
    if (kind === undefined) throw new Error(`no kind ${letter}`);
    return kind.write(`${prefix}${kind.letter}:${n}`, n);
  });
}

/** Writes the seed to the primaries among these servers. */
export function sow(seed: Seed, addresses: readonly Address[], login: Login): Promise<void> {
  return withHolders(addresses, login, async (holders) => {
    for (let from = 0; from < seed.count; from += PART)
      await sendAll(holders, commandsFor(seed, from, Math.min(seed.count, from + PART)));
    for (let field = 0; field < seed.largeFields; field += FIELDS_AT_ONCE) {
      const pairs = Array.from({ length: FIELDS_AT_ONCE }, (_, i) => [`f${field + i}`, text(field + i)]);
      await sendAll(holders, [['HSET', `${seed.prefix}h:large`, ...pairs.flat()]]);
    }
  });
}

export interface Harvest {
  readonly keys: number;
  /** Over names, contents and times of expiry (to ten minutes) of the keys that were looked at; the order of keys does not matter. */
  readonly digest: string;
}

/** Reads the seed back; of many keys, one in `every` with its contents, chosen by name, and the large hash in any case. */
export function harvest(
  { prefix }: Pick<Seed, 'prefix'>,
  addresses: readonly Address[],
  login: Login,
  every = 1,
): Promise<Harvest> {
  return withHolders(addresses, login, async (holders) => {
    let keys = 0;
    const digest = Buffer.alloc(20);
    for (const holder of holders) {
      for await (const found of keysOf(holder, prefix)) {
        keys += found.length;
        const chosen = found.filter((key) => every === 1 || key.endsWith(':large') || isChosen(key, every));
        const replies = await askAll(holder, chosen.flatMap(readings(prefix)));
        chosen.forEach((key, i) => {
          const parts = [key, stable(prefix, key, replies[2 * i]), momentOf(replies[2 * i + 1])];
          const one = createHash('sha1').update(JSON.stringify(parts)).digest();
          for (const [at, byte] of one.entries()) digest[at] = (digest[at] ?? 0) ^ byte;
        });
      }
    }
    return { keys, digest: digest.toString('hex') };
  });
}

const momentOf = (reply: unknown): number => Math.round(Number(reply) / MOMENT_MS);

const kindOf = (prefix: string, key: string) =>
  KINDS.find(({ letter }) => key.startsWith(`${prefix}${letter}:`));

const readings =
  (prefix: string) =>
  (key: string): readonly Words[] => [kindOf(prefix, key)?.read(key) ?? ['GET', key], ['PEXPIRETIME', key]];

/** Fields of hashes and members of sets come in any order. */
function stable(prefix: string, key: string, reply: unknown): unknown {
  const readable = plain(reply);
  if (!Array.isArray(readable) || kindOf(prefix, key)?.isOrdered !== false) return readable;
  if (!key.startsWith(`${prefix}h:`)) return readable.map(String).sort();
  return readable.flatMap((field, i) => (i % 2 === 0 ? [`${field}=${readable[i + 1]}`] : [])).sort();
}

function plain(reply: unknown): unknown {
  if (reply instanceof Error) return reply.message;
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

function isChosen(key: string, every: number): boolean {
  return createHash('md5').update(key).digest().readUInt32BE() % every === 0;
}
