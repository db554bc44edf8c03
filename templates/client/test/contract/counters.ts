import { expect, test } from 'vitest';
import { counter, extremum, flags, once } from '../../src/counters.js';
import type { Contract } from './ground.ts';
import { expectDurable, expectHealed, expectLeft, expectMinute, expectProlonged } from './lifetimes.ts';
import { expectCode } from './refusals.ts';

const byId = { key: (id: string) => [id], ttlMs: 60_000 };
const views = counter<string>({ ...byId, name: 'count' });
const prolonged = counter<string>({ ...byId, name: 'count-last', ttlFrom: 'last-write' });
const lasting = counter<string>({ ...byId, name: 'count-durable', ttlMs: 'durable' });
const usage = counter<string>({ ...byId, name: 'count-float', numbers: 'float' });
const visits = flags<string>({ ...byId, name: 'flags', size: 1000 });
const payments = once<string>({ ...byId, name: 'once' });
const peaks = extremum<string>({ ...byId, name: 'greatest', keep: 'greatest' });
const prices = extremum<string>({ ...byId, name: 'least', keep: 'least' });

const largest = Number.MAX_SAFE_INTEGER;
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

export const counters: Contract = (ground) => {
  const both = () => [ground().one, ground().other] as const;

  test('200 additions of each of two processes add up, and each gets a sum of its own', async () => {
    const [here, there] = both().map((redis) => redis.use(views));
    const sums = await Promise.all(times(400, (i) => (i % 2 ? here : there)?.add('shared')));
    expect(new Set(sums)).toEqual(new Set(times(400, (i) => i + 1)));
    expect(await here?.get('shared')).toBe(400);
  });

  test('numbers far from zero stay exact, and what would not is refused and not counted', async () => {
    const counts = ground().one.use(views);
    expect(await counts.add('far', largest - 1)).toBe(largest - 1);
    expect(await counts.add('far', 1)).toBe(largest);
    await expectCode('redis/refused', () => counts.add('far', 1));
    expect(await counts.get('far')).toBe(largest);
    expect(await counts.add('far', -largest)).toBe(0);
    expect(await counts.add('far', -largest)).toBe(-largest);
    await expectCode('redis/refused', () => counts.add('far', -largest));
    expect(await counts.get('far')).toBe(-largest);
  });

  test('fractions add up', async () => {
    const [here, there] = both().map((redis) => redis.use(usage));
    await Promise.all(times(200, (i) => (i % 2 ? here : there)?.add('sum', 0.1)));
    expect(await here?.get('sum')).toBeCloseTo(20, 10);
    expect(await here?.add('sum', 1e-9)).toBeCloseTo(20.000_000_001, 12);
    expect(await here?.add('large', largest)).toBe(largest);
    await expectCode('redis/refused', async () => here?.add('large', 1));
    for (const by of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      await expectCode('redis/bad-use', async () => here?.add('refused', by));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53, '5' as never])(
    '%d is not added',
    async (by) => {
      const counts = ground().one.use(views);
      await expectCode('redis/bad-use', () => counts.add('refused', by));
      expect(await ground().cli('test:count:{refused}', 'EXISTS', 'test:count:{refused}')).toBe('0');
    },
  );

  test('many are read in order, and those that are not there are 0', async () => {
    const counts = ground().one.use(views);
    const ids = times(50, (i) => `many ${i}`);
    await Promise.all(ids.map((id, i) => (i % 2 ? counts.add(id, i) : 0)));
    expect(await ground().other.use(views).getMany(ids)).toEqual(times(50, (i) => (i % 2 ? i : 0)));
    expect(await counts.getMany([])).toEqual([]);
    expect(await counts.get('many 1')).toBe(1);
    expect(await counts.delete('many 1')).toBe(true);
    expect(await counts.delete('many 1')).toBe(false);
    expect(await counts.get('many 1')).toBe(0);
  });

  test.each(['}{', '', 'ü:%', 'a\nb\0'])('the id %j has a counter of its own', async (id) => {
    const counts = ground().one.use(views);
    expect(await counts.add(id, 7)).toBe(7);
    expect(await ground().other.use(views).get(id)).toBe(7);
  });

  test('a lifetime begins with the first write, or with the last, or never ends', async () => {
    const { one } = ground();
    const [first, last, durable] = [one.use(views), one.use(prolonged), one.use(lasting)];
    await Promise.all([first.add('life'), last.add('life'), one.use(usage).add('life')]);
    await expectMinute(ground(), 'test:count:{life}');
    await expectMinute(ground(), 'test:count-float:{life}');
    await expectLeft(ground(), 'test:count:{life}', () => first.add('life'));
    await expectHealed(ground(), 'test:count:{life}', () => first.add('life'));
    await expectProlonged(ground(), 'test:count-last:{life}', () => last.add('life'));
    await expectDurable(ground(), 'test:count-durable:{life}', () => durable.add('life'));
  });

  test('flags of two processes are set together', async () => {
    const [here, there] = both().map((redis) => redis.use(visits));
    await Promise.all(times(100, (i) => (i % 2 ? here : there)?.set('day', 9 * i)));
    expect(await here?.count('day')).toBe(100);
    const has = await Promise.all(times(18, (i) => there?.has('day', i)));
    expect(has).toEqual(times(18, (i) => i % 9 === 0));
    expect(await here?.set('day', 9, false)).toBe(true);
    expect(await here?.set('day', 9, false)).toBe(false);
    expect(await there?.count('day')).toBe(99);
    await expectMinute(ground(), 'test:flags:{day}');
    await expectLeft(ground(), 'test:flags:{day}', async () => here?.set('day', 999));
    expect(await here?.delete('day')).toBe(true);
    expect(await here?.has('day', 999)).toBe(false);
  });

  test.each([-1, 1000, 0.5, Number.NaN, 2 ** 32])('there is no flag %d', async (position) => {
    const day = ground().one.use(visits);
    await expectCode('redis/bad-use', () => day.set('refused', position));
    await expectCode('redis/bad-use', () => day.has('refused', position));
  });

  test('of all who claim at once one has it', async () => {
    const [here, there] = both().map((redis) => redis.use(payments));
    const claims = await Promise.all(
      times(60, (i) => (i % 2 ? here : there)?.claim('order 7', `worker ${i}`)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await here?.owner('order 7')).toBe(`worker ${claims.indexOf(true)}`);
    const unnamed = await Promise.all(times(20, (i) => (i % 2 ? here : there)?.claim('order 8')));
    expect(unnamed.filter(Boolean)).toHaveLength(1);
    await expectMinute(ground(), 'test:once:{order%207}');
  });

  test('a claim is kept for its owner until it is released', async () => {
    const claims = ground().one.use(payments);
    expect(await claims.owner('held')).toBeNull();
    expect(await claims.claim('held', 'a')).toBe(true);
    await expectLeft(ground(), 'test:once:{held}', () => claims.claim('held', 'a'));
    expect(await claims.claim('held', 'a')).toBe(true);
    expect(await claims.claim('held', 'b')).toBe(false);
    expect(await claims.release('held', 'b')).toBe(false);
    expect(await claims.owner('held')).toBe('a');
    expect(await claims.release('held', 'a')).toBe(true);
    expect(await claims.claim('held', 'b')).toBe(true);
    for (const owner of ['', '\ud800']) await expectCode('redis/bad-use', () => claims.claim('held', owner));
  });

  test.each([
    ['greatest', peaks, Math.max],
    ['least', prices, Math.min],
  ])('of the numbers that two processes offer the %s stands', async (_, definition, best) => {
    const [here, there] = both().map((redis) => redis.use(definition));
    const numbers = times(200, (i) => ((i * 7919) % 1009) / 8 - 60);
    const offers = await Promise.all(numbers.map((n, i) => (i % 2 ? here : there)?.offer('shared', n)));
    expect(await here?.get('shared')).toBe(best(...numbers));
    expect(offers.filter((offer, i) => offer?.changed && offer.value !== numbers[i])).toEqual([]);
    expect(offers.some((offer) => offer?.changed && offer.value === best(...numbers))).toBe(true);
  });

  test('an offer says what stands and whether it is new', async () => {
    const [highest, lowest] = [ground().one.use(peaks), ground().one.use(prices)];
    expect(await highest.get('said')).toBeNull();
    expect(await highest.offer('said', -5)).toEqual({ value: -5, changed: true });
    expect(await highest.offer('said', -6)).toEqual({ value: -5, changed: false });
    expect(await highest.offer('said', -5)).toEqual({ value: -5, changed: false });
    expect(await highest.offer('said', 1e-7)).toEqual({ value: 1e-7, changed: true });
    expect(await highest.offer('said', largest)).toEqual({ value: largest, changed: true });
    expect(await lowest.offer('said', 10)).toEqual({ value: 10, changed: true });
    expect(await lowest.offer('said', 9)).toEqual({ value: 9, changed: true });
    expect(await lowest.offer('said', 10)).toEqual({ value: 9, changed: false });
    await expectMinute(ground(), 'test:greatest:{said}');
    await expectLeft(ground(), 'test:least:{said}', () => lowest.offer('said', 1));
    await expectHealed(ground(), 'test:least:{said}', () => lowest.offer('said', 2));
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, -(2 ** 53)])
      await expectCode('redis/bad-use', () => lowest.offer('said', value));
    expect(await lowest.delete('said')).toBe(true);
    expect(await lowest.get('said')).toBeNull();
  });
};
