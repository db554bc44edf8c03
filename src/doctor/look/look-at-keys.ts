import type { Words } from '../../redis/connection.ts';
import { type KeyLook, questionsFor, type Settings, savingsOf } from '../savings/index.ts';
import type { Looked } from './key-groups.ts';
import type { Pace } from './pace.ts';

/** What was refused, as the command and the words of the server. */
export type OnRefusal = (command: string, said: Error) => void;

export interface KeyQuestions {
  readonly pace: Pace;
  readonly db: number;
  readonly settings: Settings;
  /** Whether the server counts how often keys are used. */
  readonly countsUse: boolean;
  readonly onRefusal: OnRefusal;
}

const LENGTHS: Readonly<Record<string, string>> = {
  string: 'STRLEN',
  list: 'LLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  hash: 'HLEN',
  stream: 'XLEN',
};

/** Looks at keys by their names; those that have ended meanwhile, and those that may not be touched, are left out. */
export async function lookAtKeys(names: readonly Buffer[], asking: KeyQuestions): Promise<readonly Looked[]> {
  const kinds = await kindsOf(names, asking);
  const keys = await sizesOf(kinds, asking);
  const { pace, settings, onRefusal } = asking;
  const questions = keys.map((key) => questionsFor(key, settings).map((words) => bounded(words, key)));
  const replies = await pace.send(questions.flat());
  for (const [i, reply] of replies.entries())
    if (reply instanceof Error) onRefusal(String(questions.flat()[i]?.[0]).toLowerCase(), reply);
  let at = 0;
  return keys.map((key, i) => {
    const own = replies.slice(at, at + (questions[i]?.length ?? 0));
    at += own.length;
    return {
      key,
      frequency: kinds.find(({ name }) => name === key.key)?.frequency,
      savings: savingsOf(key, own, settings),
    };
  });
}

interface Kind {
  readonly name: Buffer;
  readonly type: string;
  readonly encoding: string;
  readonly ttlMs: number;
  readonly frequency: number | undefined;
}

async function kindsOf(
  names: readonly Buffer[],
  { pace, countsUse, onRefusal }: KeyQuestions,
): Promise<readonly Kind[]> {
  // The counter of use first, in case that a later question counts as one.
  const questions = (name: Buffer): readonly Words[] => [
    ...(countsUse ? [['OBJECT', 'FREQ', name]] : []),
    ['TYPE', name],
    ['OBJECT', 'ENCODING', name],
    ['PTTL', name],
  ];
  const each = countsUse ? 4 : 3;
  const replies = await pace.send(names.flatMap(questions));
  return names.flatMap((name, i) => {
    const own = replies.slice(i * each, (i + 1) * each);
    const [type, encoding, ttl] = own.slice(-3);
    const frequency = countsUse && typeof own[0] === 'number' ? own[0] : undefined;
    for (const [command, reply] of [
      ['type', type],
      ['object|encoding', encoding],
      ['pttl', ttl],
    ] as const)
      if (reply instanceof Error) onRefusal(command, reply);
    const isThere =
      String(type) !== 'none' && Buffer.isBuffer(encoding) && typeof ttl === 'number' && ttl !== -2;
    return isThere && !(type instanceof Error)
      ? [{ name, type: String(type), encoding: String(encoding), ttlMs: ttl, frequency }]
      : [];
  });
}

/** The size of a key of a module is for the module to tell, and some walk the whole value for it: that is not asked. */
async function sizesOf(
  kinds: readonly Kind[],
  { pace, db, onRefusal }: KeyQuestions,
): Promise<readonly KeyLook[]> {
  const known = kinds.filter(({ type }) => type in LENGTHS);
  const replies = await pace.send(
    known.flatMap(({ name, type }): Words[] => [
      [LENGTHS[type] ?? '', name],
      ['MEMORY', 'USAGE', name, 'SAMPLES', '5'],
    ]),
  );
  return known.flatMap(({ name, type, encoding, ttlMs }, i) => {
    const [elements, bytes] = replies.slice(2 * i, 2 * i + 2);
    if (elements instanceof Error) onRefusal((LENGTHS[type] ?? '').toLowerCase(), elements);
    if (bytes instanceof Error) onRefusal('memory|usage', bytes);
    if (typeof elements !== 'number' || bytes === null) return [];
    return [{ key: name, db, type, encoding, ttlMs, elements, bytes: typeof bytes === 'number' ? bytes : 0 }];
  });
}

/** A key may have grown since its length was asked: never more than that is read of it. */
function bounded(words: Words, { elements }: KeyLook): Words {
  const [command = '', key = ''] = words;
  if (command === 'GET') return ['GETRANGE', key, '0', String(elements)];
  if (command === 'LRANGE') return ['LRANGE', key, '0', String(elements)];
  if (command === 'MEMORY') return [...words.slice(0, -1), String(Math.max(1, elements))];
  return words;
}
