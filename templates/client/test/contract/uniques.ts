import { expect, test } from 'vitest';
import { uniques as uniqueCounts } from '../../src/uniques.js';
import type { Contract } from './ground.ts';
import { expectLeft, expectMinute } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const visitors = uniqueCounts<string>({ name: 'visitors', key: (page) => [page], ttlMs: 60_000 });
const archived = uniqueCounts<string>({
  name: 'archived',
  key: (page) => [page],
  ttlMs: 60_000,
  mergedTtlMs: 'durable',
});

const people = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `person ${from + i}`);
const off = (count: number, truth: number) => Math.abs(count - truth) / truth;

export const uniques: Contract = (ground) => {
  test('what two processes count is right within 3 %, for a period and for periods together', async () => {
    const [here, there] = [ground().one.use(visitors), ground().other.use(visitors)];
    await Promise.all([
      here.add('home', '2026-11-21', ...people(0, 9000)),
      there.add('home', '2026-11-21', ...people(6000, 12_000)),
      there.add('home', '2026-11-22', ...people(8000, 20_000)),
    ]);
    expect(off(await here.count('home', '2026-11-21'), 12_000)).toBeLessThan(0.03);
    expect(off(await there.count('home', '2026-11-21', '2026-11-22'), 20_000)).toBeLessThan(0.03);
    await here.merge('home', '2026-11', '2026-11-21', '2026-11-22');
    const merged = await there.count('home', '2026-11');
    expect(merged).toBe(await there.count('home', '2026-11-21', '2026-11-22'));
    await here.merge('home', '2026-11', '2026-11-21', '2026-11-22');
    expect(await there.count('home', '2026-11')).toBe(merged);
  });

  test('few are counted as they are, again and again', async () => {
    const counts = ground().one.use(visitors);
    expect(await counts.add('few', 'day', 'a', 'b', '')).toBe(true);
    expect(await counts.add('few', 'day', 'b', 'a', '')).toBe(false);
    expect(await counts.count('few', 'day')).toBe(3);
    expect(await counts.add('few', 'day')).toBe(false);
    expect(await counts.count('few')).toBe(0);
    expect(await counts.count('few', 'other day')).toBe(0);
    await expectCode('redis/bad-use', () => counts.add('few', 'day', 'c', '\ud800'));
    expect(await counts.count('few', 'day')).toBe(3);
    expect(await counts.delete('few', 'day')).toBe(true);
    expect(await counts.delete('few', 'day')).toBe(false);
    expect(await counts.count('few', 'day')).toBe(0);
  });

  test.each(['', '}{', 'week 47', 'a:b'])('the period %j is one of its own', async (period) => {
    const counts = ground().one.use(visitors);
    await counts.add('}odd{', period, 'a');
    await counts.merge('}odd{', 'all', period);
    expect(await counts.count('}odd{', period)).toBe(1);
    expect(await counts.count('}odd{', 'all', period)).toBe(1);
  });

  test('a merge adds to what is there already', async () => {
    const counts = ground().one.use(visitors);
    await counts.add('added', 'month', 'a');
    await counts.add('added', 'day', 'b');
    await counts.merge('added', 'month', 'day', 'day that never was');
    await counts.merge('added', 'month');
    expect(await counts.count('added', 'month')).toBe(2);
  });

  test('a period has the lifetime of whoever makes it, from that moment on', async () => {
    const { one } = ground();
    const [counts, kept] = [one.use(visitors), one.use(archived)];
    const add = (period: string) => counts.add('life', period, 'a');
    const merge = (into: string) => counts.merge('life', into, 'day');
    await add('day');
    await merge('month');
    for (const period of ['day', 'month']) {
      const key = `test:visitors:{life}:${period}`;
      await expectMinute(ground(), key);
      await expectLeft(ground(), key, () => add(period));
      await expectLeft(ground(), key, () => merge(period));
    }
    await kept.add('life', 'day', 'a');
    await kept.merge('life', 'month', 'day');
    await kept.add('life', 'month', 'b');
    await kept.merge('life', 'day', 'month');
    await expectMinute(ground(), 'test:archived:{life}:day');
    const month = 'test:archived:{life}:month';
    expect(await ground().cli(month, 'PTTL', month)).toBe('-1');
    expect(await kept.count('life', 'month')).toBe(2);
  });
};
