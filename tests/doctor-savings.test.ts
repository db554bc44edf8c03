import { describe, expect, it } from 'vitest';
import { allocated, sdsBytes } from '../src/doctor/savings/allocator.ts';
import { type KeyLook, questionsFor, savingsOf } from '../src/doctor/savings/index.ts';
import { entryBytes, integerIn, intsetBytes } from '../src/doctor/savings/listpack.ts';
import { addUp, extrapolate, extrapolateCount } from '../src/doctor/statistics.ts';

const SETTINGS = {
  'hash-max-listpack-entries': '128',
  'hash-max-listpack-value': '64',
  'set-max-intset-entries': '512',
  'set-max-listpack-entries': '128',
  'set-max-listpack-value': '64',
  'zset-max-listpack-entries': '128',
  'zset-max-listpack-value': '64',
  'list-max-listpack-size': '-2',
};

const look = (change: Partial<Omit<KeyLook, 'key'>> & { key?: string }): KeyLook => ({
  db: 0,
  type: 'hash',
  encoding: 'hashtable',
  bytes: 13_360,
  elements: 200,
  ttlMs: -1,
  ...change,
  key: Buffer.from(change.key ?? 'cart:1'),
});

const fields = (count: number, value: string) =>
  Array.from({ length: count }, (_, i) => [Buffer.from(`field${i}`), Buffer.from(value)]).flat();

const changes = (
  key: KeyLook,
  replies: readonly unknown[],
  settings: Readonly<Record<string, string>> = SETTINGS,
) => savingsOf(key, replies, settings).map(({ change, value }) => [change, value]);

describe('sizes', () => {
  it.each([
    [1, 8, 8],
    [17, 8, 24],
    [17, 16, 32],
    [65, 8, 80],
    [129, 16, 160],
    [5000, 8, 5120],
    [5200, 8, 6144],
    [16_385, 16, 20_480],
  ] as const)('%i bytes in steps of %i take %i', (bytes, quantum, size) => {
    expect(allocated(bytes, quantum)).toBe(size);
  });

  it.each([
    [31, 33],
    [32, 36],
    [256, 262],
    [70_000, 70_010],
  ])('a text of %i bytes has %i with its header', (length, bytes) => expect(sdsBytes(length)).toBe(bytes));

  it.each([
    ['0', 2],
    ['127', 2],
    ['128', 3],
    ['-4096', 3],
    ['4096', 4],
    ['32768', 5],
    ['8388608', 6],
    ['2147483648', 10],
    ['9223372036854775808', 21],
    ['007', 5],
    ['', 2],
    ['x'.repeat(63), 65],
    ['x'.repeat(64), 67],
    ['x'.repeat(200), 204],
  ])('an entry of %s takes %i bytes in a listpack', (text, bytes) => {
    expect(entryBytes(Buffer.from(text))).toBe(bytes);
  });

  it('tells integers as servers do', () => {
    expect(integerIn(Buffer.from('-0'))).toBeUndefined();
    expect(integerIn(Buffer.from('+1'))).toBeUndefined();
    expect(integerIn(Buffer.from('-9223372036854775808'))).toBe(-(2n ** 63n));
    expect(intsetBytes([1n, 40_000n])).toBe(16);
  });
});

describe('questions', () => {
  it('are few, bounded, and only of keys that could shrink', () => {
    expect(questionsFor(look({}), SETTINGS)).toEqual([
      ['MEMORY', 'USAGE', Buffer.from('cart:1'), 'SAMPLES', '200'],
      ['HSCAN', Buffer.from('cart:1'), '0', 'COUNT', '200'],
    ]);
    for (const none of [
      look({ encoding: 'listpack' }),
      look({ elements: 600 }),
      look({ elements: 10, bytes: 500_000 }),
      look({ type: 'stream', encoding: 'stream' }),
      look({ type: 'list', encoding: 'quicklist' }),
      look({ type: 'string', encoding: 'int', elements: 5 }),
      look({ type: 'string', encoding: 'raw', elements: 5_000_000 }),
    ])
      expect(questionsFor(none, SETTINGS)).toEqual([]);
  });

  it('are none about settings that the server does not tell', () => {
    expect(questionsFor(look({}), {})).toEqual([]);
    expect(questionsFor(look({ type: 'set', elements: 10 }), {})).toEqual([]);
  });
});

describe('savings', () => {
  const replies = [13_360, [Buffer.from('0'), fields(200, 'value')]];

  it('name the one setting that stands in the way, and its least value', () => {
    expect(changes(look({}), replies)).toEqual([['hash-max-listpack-entries', '200']]);
    const long = [13_360, [Buffer.from('0'), fields(100, 'v'.repeat(90))]];
    expect(changes(look({ elements: 100 }), long)).toEqual([['hash-max-listpack-value', '90']]);
    const both = [60_000, [Buffer.from('0'), fields(200, 'v'.repeat(90))]];
    expect(changes(look({ bytes: 60_000 }), both)).toEqual([]);
  });

  it('are had by rewriting alone where the settings allow it already', () => {
    const few = [5000, [Buffer.from('0'), fields(50, 'value')]];
    expect(changes(look({ elements: 50 }), few)).toEqual([['rewrite', undefined]]);
  });

  it('are none for values that a listpack should not hold', () => {
    const huge = [40_000, [Buffer.from('0'), fields(100, 'v'.repeat(200))]];
    expect(changes(look({ elements: 100, bytes: 30_000 }), huge)).toEqual([]);
  });

  it('are none where a question was refused, or the key has gone', () => {
    for (const reply of [new Error('NOPERM'), null, undefined, 'text', [Buffer.from('0'), []]])
      expect(savingsOf(look({}), [reply, reply], SETTINGS)).toEqual([]);
    expect(savingsOf(look({}), [], SETTINGS)).toEqual([]);
  });

  it('prefer a set of integers to a listpack', () => {
    const numbers = Array.from({ length: 600 }, (_, i) => Buffer.from(String(i * 1000)));
    const set = look({ type: 'set', elements: 600, bytes: 27_504 });
    expect(changes(set, [27_504, [Buffer.from('0'), numbers]])).toEqual([['set-max-intset-entries', '600']]);
    expect(changes(set, [27_504, [Buffer.from('0'), [...numbers.slice(1), Buffer.from('x')]]])).toEqual([]);
  });

  const text = look({ key: 'k:100000', type: 'string', encoding: 'embstr', bytes: 80, elements: 7 });

  it.each([
    ['007', true],
    ['+42', true],
    ['"42"', true],
    [' 42\n', true],
    ['1.00', true],
    ['-0042', true],
    ['1.5', false],
    ['4 2', false],
    ['12:00', false],
    ['99999999999999999999', false],
    ['', false],
  ])('%j is a whole number that could be kept as one: %s', (value, yes) => {
    const one = { ...text, bytes: 72, elements: value.length };
    const sized = [64, 72, 80, 88, 96].map((bytes) => ({ ...one, bytes }));
    const said = sized.some((key) =>
      savingsOf(key, [Buffer.from(value)], {}).some(({ change }) => change === 'integer-strings'),
    );
    expect(said).toBe(yes);
  });

  it('claim nothing of strings that are laid out in a way unknown here', () => {
    expect(savingsOf({ ...text, bytes: 77 }, [Buffer.from('0000007')], SETTINGS)).toEqual([]);
  });

  it('leave strings that expire, or whose names end in no number, where they are', () => {
    const known = { ...text, bytes: 72 };
    expect(changes(known, [Buffer.from('value-1')])).toEqual([['strings-in-hashes', undefined]]);
    expect(changes({ ...known, ttlMs: 5000 }, [Buffer.from('value-1')])).toEqual([]);
    expect(changes({ ...known, key: Buffer.from('k:abcdef') }, [Buffer.from('value-1')])).toEqual([]);
  });
});

describe('estimates', () => {
  it('are exact where all was looked at', () => {
    expect(extrapolate({ keys: 10, looked: 10, complete: true }, { sum: 55, squares: 385 })).toEqual({
      value: 55,
      plusMinus: 0,
    });
    expect(extrapolate({ keys: 10, looked: 0, complete: false }, { sum: 0, squares: 0 })).toEqual({
      value: 0,
      plusMinus: 0,
    });
  });

  it('hold the true value in about 95 of 100 samples', () => {
    let state = 11;
    const some = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const all = Array.from({ length: 2000 }, () => (some() < 0.4 ? 0 : 50 + 400 * some()));
    const truth = all.reduce((sum, one) => sum + one, 0);
    const held = Array.from({ length: 400 }, () => {
      const sample = [...all].sort(() => some() - 0.5).slice(0, 200);
      const sum = sample.reduce((total, one) => total + one, 0);
      const squares = sample.reduce((total, one) => total + one ** 2, 0);
      const { value, plusMinus } = extrapolate(
        { keys: 2000, looked: 200, complete: false },
        { sum, squares },
      );
      return Math.abs(value - truth) <= plusMinus;
    }).filter(Boolean).length;
    expect(held / 400).toBeGreaterThan(0.91);
    expect(held / 400).toBeLessThan(0.99);
  });

  it('count keys, and add up over nodes', () => {
    expect(extrapolateCount({ keys: 1000, looked: 100, complete: false }, 50).value).toBe(500);
    expect(
      addUp([
        { value: 10, plusMinus: 3 },
        { value: 20, plusMinus: 4 },
      ]),
    ).toEqual({ value: 30, plusMinus: 5 });
  });
});
