import { isDeepStrictEqual } from 'node:util';
import type { Words } from '../redis/connection.ts';
import { show } from './carry.ts';
import type { Router } from './router.ts';
import type { Scratch } from './scratch.ts';

/** What a look at some keys of a snapshot found in the stack. */
export interface Sampled {
  readonly looked: number;
  /** Not in the stack. */
  readonly missing: readonly string[];
  /** There, with another value, or in a drill with another type. */
  readonly different: readonly string[];
}

interface Picked {
  readonly database: number;
  readonly key: Buffer;
}

/** Keys at random: at most `most` of each database, each once. */
async function pick({ connection, databases }: Scratch, most: number): Promise<readonly Picked[]> {
  const picked = new Map<string, Picked>();
  for (const database of databases) {
    await connection.call('SELECT', String(database));
    const replies = await connection.batch(Array.from({ length: most }, () => ['RANDOMKEY']));
    for (const key of replies) {
      if (Buffer.isBuffer(key)) picked.set(`${database}/${key.toString('latin1')}`, { database, key });
    }
  }
  return [...picked.values()];
}

/** Holds values of a snapshot against those in the stack, byte by byte. */
export async function compareValues(scratch: Scratch, target: Router, most = 100): Promise<Sampled> {
  return sample(scratch, target, most, async (one) => {
    const dump: Words = ['DUMP', one.key];
    const [here] = await target.send(one.database, [{ key: one.key, words: dump }]);
    const [there] = await onScratch(scratch, one, [dump]);
    if (there === null) return true;
    if (Buffer.isBuffer(here) && Buffer.isBuffer(there) && here.equals(there)) return true;
    // The same value may be kept in another form, or in another order.
    return isDeepStrictEqual(
      await readValue((words) => onScratch(scratch, one, words), one.key),
      await readValue(
        (words) =>
          target.send(
            one.database,
            words.map((w) => ({ key: one.key, words: w })),
          ),
        one.key,
      ),
    );
  });
}

/** Whether keys of a snapshot are in the stack now, with the same type; values may have moved on. */
export function compareTypes(scratch: Scratch, target: Router, most = 100): Promise<Sampled> {
  return sample(scratch, target, most, async (one) => {
    const words: Words = ['TYPE', one.key];
    const [here] = await target.send(one.database, [{ key: one.key, words }]);
    const [there] = await onScratch(scratch, one, [words]);
    return String(there) === 'none' || String(here) === String(there);
  });
}

async function sample(
  scratch: Scratch,
  target: Router,
  most: number,
  isSame: (one: Picked) => Promise<boolean>,
): Promise<Sampled> {
  const picked = await pick(scratch, most);
  const missing: string[] = [];
  const different: string[] = [];
  for (const one of picked) {
    const [exists] = await target.send(one.database, [{ key: one.key, words: ['EXISTS', one.key] }]);
    const [stillThere] = await onScratch(scratch, one, [['EXISTS', one.key]]);
    if (stillThere === 0) continue;
    if (exists === 0) missing.push(show(one.key));
    else if (!(await isSame(one))) different.push(show(one.key));
  }
  return { looked: picked.length, missing, different };
}

async function onScratch({ connection }: Scratch, { database }: Picked, commands: readonly Words[]) {
  await connection.call('SELECT', String(database));
  return connection.batch(commands);
}

/** Sends commands and gives their replies: texts as bytes, an Error where that is the reply. */
export type Read = (commands: readonly Words[]) => Promise<readonly unknown[]>;

const READS: Readonly<Record<string, (key: Buffer) => readonly Words[]>> = {
  string: (key) => [['GET', key]],
  list: (key) => [['LRANGE', key, '0', '-1']],
  set: (key) => [['SMEMBERS', key]],
  zset: (key) => [['ZRANGE', key, '0', '-1', 'WITHSCORES']],
  hash: (key) => [['HGETALL', key]],
  stream: (key) => [
    ['XRANGE', key, '-', '+'],
    ['XINFO', 'GROUPS', key],
  ],
};

/** Type, time of expiry and content, in an order that means nothing. */
export async function readValue(read: Read, key: Buffer): Promise<unknown> {
  const [type, expires] = await read([
    ['TYPE', key],
    ['PEXPIRETIME', key],
  ]);
  const commands = READS[String(type)]?.(key) ?? [['DUMP', key]];
  const content = (await read(commands)).map(readable);
  return [String(type), expires, ordered(String(type), content)];
}

function readable(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof Error) return value.message;
  return Array.isArray(value) ? value.map(readable) : value;
}

function ordered(type: string, [first, ...rest]: readonly unknown[]): unknown {
  if (!Array.isArray(first)) return [first, ...rest];
  if (type === 'set') return [...first].sort();
  if (type !== 'hash') return [first, ...rest];
  const pairs = Array.from({ length: first.length / 2 }, (_, i) => [first[2 * i], first[2 * i + 1]]);
  return pairs.map((pair) => JSON.stringify(pair)).sort();
}
