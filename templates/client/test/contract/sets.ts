import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memberSet } from '../../src/sets.js';
import type { Contract } from './ground.ts';
import { expectDurable, expectHealed, expectLeft, expectMinute, expectProlonged } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const byId = { key: (id: string) => [id], ttlMs: 60_000 };
const tags = memberSet<string>({ ...byId, name: 'tags' });
const interests = memberSet<string>({ ...byId, name: 'interests', together: true, ttlFrom: 'last-write' });
const lasting = memberSet<string>({ ...byId, name: 'tags-durable', ttlMs: 'durable' });

const sorted = async (members: Promise<string[]>) => (await members).sort();

export const sets: Contract = (ground) => {
  test('members that two processes add at once are counted as new once', async () => {
    const [here, there] = [ground().one.use(tags), ground().other.use(tags)];
    const added = await Promise.all(
      Array.from({ length: 200 }, (_, i) => (i % 2 ? here : there).add('shared', `m${i % 150}`, 'common')),
    );
    expect(added.reduce((sum, one) => sum + one)).toBe(151);
    expect(await here.size('shared')).toBe(151);
    expect(new Set(await there.members('shared'))).toEqual(
      new Set(['common', ...Array.from({ length: 150 }, (_, i) => `m${i}`)]),
    );
  });

  test('members of any text are themselves', async () => {
    const set = ground().one.use(tags);
    const texts = ['', ' ', '{}', 'a\0b', 'ü 👍', 'null'];
    expect(await set.add('texts', ...texts)).toBe(6);
    expect(await set.add('texts', ...texts)).toBe(0);
    expect(await sorted(set.members('texts'))).toEqual([...texts].sort());
    for (const text of texts) expect(await set.has('texts', text)).toBe(true);
    expect(await set.has('texts', 'other')).toBe(false);
    expect(await set.remove('texts', '', 'other', 'null')).toBe(2);
    expect(await set.has('texts', '')).toBe(false);
    await expectCode('redis/bad-use', () => set.add('texts', 'fine', '\ud800'));
    await expectCode('redis/bad-use', () => set.remove('texts', '\ud800'));
    await expectCode('redis/bad-use', () => set.has('texts', '\ud800'));
    expect(await set.size('texts')).toBe(4);
  });

  test('nothing is added, removed or found where there is nothing', async () => {
    const set = ground().one.use(tags);
    expect(await set.add('none')).toBe(0);
    expect(await set.remove('none')).toBe(0);
    expect(await set.members('none')).toEqual([]);
    expect(await set.random('none', 3)).toEqual([]);
    expect(await set.take('none')).toBeNull();
    expect(await set.size('none')).toBe(0);
    expect(await set.delete('none')).toBe(false);
  });

  test('more members than Lua passes on at a time', async () => {
    const set = ground().one.use(tags);
    const many = Array.from({ length: 12_001 }, (_, i) => String(i));
    expect(await set.add('large', ...many)).toBe(12_001);
    expect(await set.size('large')).toBe(12_001);
    expect(await set.delete('large')).toBe(true);
  });

  test('chance gives different members of the set, and takes each one once', async () => {
    const set = ground().one.use(tags);
    const members = Array.from({ length: 20 }, (_, i) => `m${i}`);
    await set.add('chance', ...members);
    const drawn = await set.random('chance', 8);
    expect(new Set(drawn).size).toBe(8);
    expect(members).toEqual(expect.arrayContaining(drawn));
    expect(await sorted(set.random('chance', 50))).toEqual([...members].sort());
    expect(await set.random('chance')).toHaveLength(1);
    const singles = await Promise.all(Array.from({ length: 100 }, () => set.random('chance')));
    expect(new Set(singles.flat()).size).toBeGreaterThan(1);
    const both = [set, ground().other.use(tags)];
    const taken = await Promise.all(both.flatMap((one) => members.map(() => one.take('chance'))));
    expect(taken.filter((member) => member !== null).sort()).toEqual([...members].sort());
    for (const count of [0, -1, 1.5, Number.NaN])
      await expectCode('redis/bad-use', () => set.random('chance', count));
  });

  test('sets that are kept together are combined as sets are', async () => {
    const [here, there] = [ground().one.use(interests), ground().other.use(interests)];
    const members = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 6 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(members, members, members, async (a, b, c) => {
        const ids = [`a ${run}`, `b ${run}`, `c}{ ${run++}`] as const;
        await Promise.all([a, b, c].map((texts, i) => here.add(ids[i] ?? '', ...texts)));
        expect(await sorted(there.intersection(...ids))).toEqual(
          a.filter((one) => b.includes(one) && c.includes(one)).sort(),
        );
        expect(await sorted(there.union(...ids))).toEqual([...new Set([...a, ...b, ...c])].sort());
        expect(await sorted(there.difference(...ids))).toEqual(
          a.filter((one) => !b.includes(one) && !c.includes(one)).sort(),
        );
      }),
      { numRuns: 20 },
    );
    expect(await here.union()).toEqual([]);
  });

  test('sets that are not kept together are not combined, on any topology', async () => {
    const apart = ground().one.use(tags);
    await expectCode('redis/bad-use', () => apart.intersection('a', 'b'));
    await expectCode('redis/bad-use', () => apart.union('a'));
    await expectCode('redis/bad-use', () => apart.difference('a', 'b'));
  });

  test('every set has the lifetime of its definition', async () => {
    const { one } = ground();
    const [first, last, durable] = [one.use(tags), one.use(interests), one.use(lasting)];
    await Promise.all([first.add('life', 'a'), last.add('life', 'a')]);
    await expectMinute(ground(), 'test:tags:{life}');
    await expectLeft(ground(), 'test:tags:{life}', () => first.add('life', 'b'));
    await expectHealed(ground(), 'test:tags:{life}', () => first.add('life', 'b'));
    await expectProlonged(ground(), 'test:{interests}:life', () => last.add('life', 'a'));
    await expectDurable(ground(), 'test:tags-durable:{life}', () => durable.add('life', 'a'));
  });
};
