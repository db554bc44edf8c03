import { expect, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import { localCache } from '../../src/local-tier.js';
import { gatedLoader } from '../loader.ts';
import type { Contract } from './ground.ts';

const hot = localCache<string, string>({ name: 'hot', key: (id) => [id], ttlMs: 60_000 });

export const localTier: Contract = (ground) => {
  const open = async () => {
    const [here, there] = [ground().one.use(hot), ground().other.use(hot)];
    await until('both listen', () => here.isListening && there.isListening);
    return { here, there };
  };

  /** The announcement of a fill may come after the read that made it: then the next read is kept. */
  const warm = async (cache: Awaited<ReturnType<typeof open>>['here'], id: string, value: string) => {
    await until(`${id} is kept`, async () => {
      const before = cache.stats().localHits;
      await cache.getOrSet(id, async () => value);
      return cache.stats().localHits > before;
    });
  };

  test('a value that was read is answered from memory', async () => {
    const { here } = await open();
    await warm(here, 'a', 'v');
    const { hits, localHits } = here.stats();
    expect(await here.getOrSet('a', async () => 'not asked')).toBe('v');
    expect(here.stats()).toMatchObject({ hits, localHits: localHits + 1 });
  });

  test('a change elsewhere is heard', async () => {
    const { here, there } = await open();
    await warm(here, 'b', 'old');
    await there.invalidate('b');
    await until('the new value', async () => (await here.getOrSet('b', async () => 'new')) === 'new');
    await warm(here, 'b', 'new');
    await there.set('b', 'set');
    await until('the value that was set', async () => (await here.getOrSet('b', async () => 'x')) === 'set');
  });

  test('a change past this module is heard', async () => {
    const { here } = await open();
    await warm(here, 'c', 'old');
    await ground().cli('test:hot:v1:{c}', 'SET', 'test:hot:v1:{c}', '"outside"');
    await until('it is heard', async () => (await here.getOrSet('c', async () => 'x')) === 'outside');
  });

  test('one invalidates for oneself at once', async () => {
    const { here } = await open();
    await warm(here, 'd', 'old');
    await here.invalidate('d');
    expect(await here.getOrSet('d', async () => 'new')).toBe('new');
  });

  test('a read under way when the key is invalidated is not kept', async () => {
    const { here, there } = await open();
    const old = gatedLoader('old');
    const first = here.getOrSet('e', old.load);
    await old.entered;
    await there.invalidate('e');
    old.open();
    expect(await first).toBe('old');
    expect(await here.getOrSet('e', async () => 'new')).toBe('new');
  });

  test('many ids: memory answers what it has, Redis the rest', async () => {
    const { here } = await open();
    await warm(here, 'm1', 'v m1');
    const asked: string[] = [];
    const load = async (ids: readonly string[]) => {
      asked.push(...ids);
      return ids.map((id) => `v ${id}`);
    };
    expect(await here.getMany(['m0', 'm1', 'm2', 'm0'], load)).toEqual(['v m0', 'v m1', 'v m2', 'v m0']);
    expect(asked).toEqual(['m0', 'm2']);
  });
};
