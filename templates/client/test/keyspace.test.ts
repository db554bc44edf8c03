import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { cache } from '../src/cache-aside.js';
import { Codec } from '../src/codec.js';
import { type CacheKeyspace, entryKeys } from '../src/keyspace.js';
import { encodeId, type KeyPart } from '../src/names.js';
import { slotOf } from '../src/slot.js';

const parts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 });

describe('keys', () => {
  test.each<[KeyPart[], string]>([
    [['a1'], 'a1'],
    [[42], '42'],
    [['a', 'b'], 'a:b'],
    [['a:b'], 'a%3Ab'],
    [['}{x'], '%7D%7Bx'],
    [[''], '%'],
    [['%'], '%25'],
    [['ü'], '%C3%BC'],
    [['a\n\u0000'], 'a%0A%00'],
    [['{}', ''], '%7B%7D:%'],
  ])('%j is %s', (id, expected) => {
    expect(encodeId(id)).toBe(expected);
  });

  test('different ids give different keys', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(encodeId(a) === encodeId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  test('the keys of an entry share a slot, and their tag is the id alone', () => {
    fc.assert(
      fc.property(parts, (id) => {
        const definition = { name: 'user', version: 2, key: (of: readonly string[]) => of };
        const keys = entryKeys('app:', definition, id);
        expect(new Set(Object.values(keys).map(slotOf)).size).toBe(1);
        expect(keys.value).toBe(`app:user:v2:{${encodeId(id)}}`);
        expect(slotOf(keys.value)).toBe(slotOf(encodeId(id)));
      }),
    );
  });

  test.each([
    ['no parts', []],
    ['half a character', ['\ud800']],
  ])('%s is refused', (_, id) => {
    expect(() => encodeId(id)).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
  });
});

describe('definitions', () => {
  test('defaults are filled in', () => {
    const keyspace = cache({ name: 'user', key: (id: number) => [id], ttlMs: 5000 });
    expect(keyspace).toMatchObject({
      version: 1,
      jitter: 0.1,
      negativeTtlMs: 5000,
      graceMs: 0,
      maxLoadMs: 10_000,
    });
    expectTypeOf(keyspace).toExtend<CacheKeyspace<number, unknown>>();
  });

  test('the type of the value comes from the schema', () => {
    const schema = v.object({ name: v.string() });
    const keyspace = cache({ name: 'user', key: (id: number) => [id], ttlMs: 5000, schema });
    expectTypeOf(keyspace).toExtend<CacheKeyspace<number, { name: string }>>();
  });

  test.each([
    { name: 'a{b' },
    { name: '' },
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { jitter: 1 },
    { jitter: -0.1 },
    { ttlMs: 366 * 24 * 3600 * 1000 * 1000 },
    { hardTimeoutMs: 0 },
    { softTimeoutMs: Number.NaN },
    { maxLoads: 0 },
    { graceMs: -1 },
    { negativeTtlMs: Number.NaN },
    { maxLoadMs: 0 },
    { earlyRefresh: -1 },
    { version: 1.5 },
  ])('%j is refused', (wrong) => {
    const right = { name: 'user', key: (id: number) => [id], ttlMs: 5000 };
    expect(() => cache({ ...right, ...wrong })).toThrow(expect.objectContaining({ code: 'redis/bad-use' }));
  });
});

describe('values', () => {
  const codec = new Codec(v.number());
  test.each([
    ['7', { value: 7 }],
    ['0', { value: 0 }],
    ['null', { value: null }],
    ['"7"', undefined],
    ['{', undefined],
    ['', undefined],
  ])('%s', async (text, expected) => {
    expect(await codec.decode(text)).toEqual(expected);
  });
});
