import { expect, test } from 'vitest';
import { cache } from '../../src/cache-aside.js';
import { countingLoader, gatedLoader } from '../loader.ts';
import type { Contract } from './ground.ts';

const things = cache<string, unknown>({ name: 'cached', key: (id) => [id], ttlMs: 60_000 });
const cleared = cache<string, string>({ name: 'cleared', key: (id) => [id], ttlMs: 60_000 });
const members = cache<string, string>({
  name: 'tagged',
  key: (id) => [id],
  ttlMs: 60_000,
  tags: (id) => [id.split('-')[0] ?? ''],
});

export const caches: Contract = (ground) => {
  test('two processes share one load of a cold key, and later readers hit', async () => {
    const { one, other } = ground();
    const loader = countingLoader(() => 'value', 100);
    const both = [one.use(things), other.use(things)];
    const values = await Promise.all(
      both.flatMap((each) => Array.from({ length: 20 }, () => each.getOrSet('cold', loader.load))),
    );
    expect(new Set(values)).toEqual(new Set(['value']));
    expect(await other.use(things).getOrSet('cold', loader.load)).toBe('value');
    expect(loader.calls).toBe(1);
  });

  test('an invalidation elsewhere shuts out the load under way', async () => {
    const [here, there] = [ground().one.use(things), ground().other.use(things)];
    const old = gatedLoader('old');
    const first = here.getOrSet('fenced', old.load);
    await old.entered;
    await there.invalidate('fenced');
    old.open();
    expect(await first).toBe('old');
    expect(await here.getOrSet('fenced', async () => 'new')).toBe('new');
    expect(await there.getOrSet('fenced', async () => 'not asked')).toBe('new');
  });

  test('many ids over all slots are read and loaded in order', async () => {
    const { one, other } = ground();
    const ids = Array.from({ length: 100 }, (_, i) => `many ${i}`);
    const values = ids.map((id) => `value ${id}`);
    const asked: string[] = [];
    const load = async (missing: readonly string[]) => {
      asked.push(...missing);
      return missing.map((id) => `value ${id}`);
    };
    expect(await one.use(things).getMany(ids, load)).toEqual(values);
    expect(await other.use(things).getMany(ids, load)).toEqual(values);
    expect(asked).toEqual(ids);
  });

  test.each([[0], [''], [false], [null], [{ deep: ['ü', 1.5] }]])('%j is a value', async (value) => {
    const id = `value ${JSON.stringify(value)}`;
    await ground().one.use(things).set(id, value);
    expect(
      await ground()
        .other.use(things)
        .getOrSet(id, async () => 'not asked'),
    ).toEqual(value);
  });

  test('a tag makes its entries invalid everywhere, and no others', async () => {
    const [here, there] = [ground().one.use(members), ground().other.use(members)];
    for (const id of ['a-1', 'a-2', 'b-1']) await here.getOrSet(id, async () => 'old');
    await there.invalidateTag('a');
    const loaded = await here.getMany(['a-1', 'a-2', 'b-1'], async (ids) => ids.map((id) => `new ${id}`));
    expect(loaded).toEqual(['new a-1', 'new a-2', 'old']);
  });

  test('clear forgets every entry on every primary, and no other key', async () => {
    const [here, there] = [ground().one.use(cleared), ground().other.use(cleared)];
    const ids = Array.from({ length: 60 }, (_, i) => `cleared ${i}`);
    await Promise.all(ids.map((id) => here.set(id, 'old')));
    await ground().one.use(things).set('not cleared', 'old');
    const gated = gatedLoader('old');
    const loading = there.getOrSet('loading', gated.load);
    await gated.entered;
    await here.clear();
    gated.open();
    await loading;
    const all = [...ids, 'loading'];
    expect(await there.getMany(all, async (missing) => missing.map(() => 'new'))).toEqual(
      all.map(() => 'new'),
    );
    expect(await there.getOrSet('loading', async () => 'not asked')).toBe('new');
    expect(
      await ground()
        .other.use(things)
        .getOrSet('not cleared', async () => 'new'),
    ).toBe('old');
  });

  test('an error of the loader is shared, and the next caller tries at once', async () => {
    const users = ground().one.use(things);
    let calls = 0;
    const failing = async () => {
      calls++;
      throw new Error('no such table');
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => users.getOrSet('failing', failing)),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(calls).toBe(1);
    expect(
      await ground()
        .other.use(things)
        .getOrSet('failing', async () => 'better'),
    ).toBe('better');
  });
};
