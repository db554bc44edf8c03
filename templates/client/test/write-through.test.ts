import { describe, expect, expectTypeOf, test } from 'vitest';
import { SharedLoads } from '../src/shared-loads.js';
import { type WriteThrough, type WriteThroughDefinition, writeThrough } from '../src/write-through.js';
import { newMark, parseFenced } from '../src/write-through-scripts.js';
import { gatedLoader } from './loader.ts';

interface Price {
  readonly rev: number;
}

const usual: WriteThroughDefinition<string, Price> = {
  name: 'price',
  key: (id) => [id],
  ttlMs: 60_000,
  version: ({ rev }) => rev,
  write: async (_, value) => value,
  load: async () => null,
};

describe('a definition', () => {
  test.each([
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { ttlMs: Date.now() },
    { negativeTtlMs: 0 },
    { hardTimeoutMs: Number.POSITIVE_INFINITY },
    { jitter: -0.1 },
    { jitter: 1 },
    { name: '' },
  ])('with %j is refused', (options) => {
    const define = () => writeThrough({ ...usual, ...options });
    expect(define).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
  });

  test('types what it gives', () => {
    expectTypeOf<WriteThrough<string, Price>['get']>().returns.resolves.toEqualTypeOf<Price | null>();
    expectTypeOf<WriteThrough<string, Price>['save']>().returns.resolves.toEqualTypeOf<Price>();
  });
});

describe('a stored text', () => {
  test.each([
    ['abc 5 {"rev":5}', { mark: 'abc', version: '5', json: '{"rev":5}' }],
    ['abc -3 "a b c"', { mark: 'abc', version: '-3', json: '"a b c"' }],
    ['abc 5 ', { mark: 'abc', version: '5', json: '' }],
    ['abc - ', { mark: 'abc', version: '-', json: '' }],
    ['abc - null', { mark: 'abc', version: '-', json: 'null' }],
    ['{"rev":5}', undefined],
  ])('%j', (text, fenced) => {
    expect(parseFenced(text)).toEqual(fenced);
  });

  test('marks have no spaces and do not come twice', () => {
    const marks = Array.from({ length: 1000 }, newMark);
    expect(new Set(marks).size).toBe(1000);
    expect(marks.every((mark) => /^[\w-]{12}$/.test(mark))).toBe(true);
  });
});

describe('loads of one key', () => {
  test('are shared until the source is asked, and then by those who see the same mark', async () => {
    const loads = new SharedLoads<string>();
    const began: string[] = [];
    const load = (
      seen: string | null | undefined,
      mark: string,
      gate: ReturnType<typeof gatedLoader<string>>,
    ) =>
      loads.load('key', seen, async (begins) => {
        await Promise.resolve();
        began.push(mark);
        begins(mark);
        return gate.load();
      });
    const [old, next] = [gatedLoader('old'), gatedLoader('next')];
    const first = load(null, 'm1', old);
    const early = load('whatever', 'not begun', next);
    await old.entered;
    const same = load('m1', 'not begun', next);
    const unanswered = load(undefined, 'not begun', next);
    const later = load('m2', 'm2', next);
    await next.entered;
    const joined = load('m2', 'not begun', next);
    next.open();
    old.open();
    expect(await Promise.all([first, early, same, unanswered])).toEqual(['old', 'old', 'old', 'old']);
    expect(await Promise.all([later, joined])).toEqual(['next', 'next']);
    expect(began).toEqual(['m1', 'm2']);
  });

  test('are forgotten when they end, also badly', async () => {
    const loads = new SharedLoads<string>();
    const fail = () => loads.load('key', null, () => Promise.reject(new Error('no')));
    await expect(fail()).rejects.toThrow('no');
    expect(await loads.load('key', null, async () => 'yes')).toBe('yes');
    await loads.settled();
  });

  test('are not shared once they are detached', async () => {
    const loads = new SharedLoads<string>();
    const old = gatedLoader('old');
    const first = loads.load('key', null, () => old.load());
    loads.detach('key');
    expect(await loads.load('key', null, async () => 'new')).toBe('new');
    old.open();
    expect(await first).toBe('old');
  });
});
