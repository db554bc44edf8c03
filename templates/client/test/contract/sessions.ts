import * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { type Session, sessions } from '../../src/sessions.js';
import type { Contract } from './ground.ts';
import { expectCode } from './refusals.ts';

interface Login {
  readonly user: string | null;
  readonly seen: number;
}

const ttlMs = 60_000;
const logins = sessions<Login>({ name: 'session', ttlMs });
const checked = sessions({
  name: 'session-checked',
  ttlMs,
  schema: v.object({ user: v.string(), roles: v.optional(v.array(v.string()), []) }),
});
const bounded = sessions<string>({ name: 'session-bounded', ttlMs, maxLifetimeMs: 2 * ttlMs });
const brief = sessions<string>({ name: 'session-brief', ttlMs: 150, maxLifetimeMs: 150 });

const guest: Login = { user: null, seen: 0 };

export const sessionContract: Contract = (ground) => {
  const both = () => [ground().one.use(logins), ground().other.use(logins)] as const;
  const keyOf = (id: string, name = 'session') => `test:${name}:{${id}}`;

  test('a session is read by another process, under an id that cannot be guessed', async () => {
    const [here, there] = both();
    const session = await here.create(guest);
    expect(session.id).toMatch(/^[\w-]{43}$/);
    expect(await there.read(session.id)).toEqual(session);
    expect(Math.abs(session.startedMs - Date.now())).toBeLessThan(60_000);
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await here.create(guest)).id));
    expect(new Set(ids).size).toBe(20);
  });

  test('of two writers who read the same, one is refused', async () => {
    const [here, there] = both();
    const session = await here.create(guest);
    const outcomes = await Promise.all([
      here.replace(session, { user: 'here', seen: 1 }),
      there.replace(session, { user: 'there', seen: 1 }),
    ]);
    const [winner, ...more] = outcomes.filter((one) => one !== null);
    expect(more).toEqual([]);
    expect(await here.read(session.id)).toEqual(winner);
    expect(await there.replace(session, guest)).toBeNull();
    expect(await there.replace(winner as Session<Login>, guest)).toMatchObject({ data: guest });
  });

  test('changes of many callers are all there', async () => {
    const [here, there] = both();
    const { id } = await here.create(guest);
    const add = (data: Login): Login => ({ ...data, seen: data.seen + 1 });
    const callers = [here, there, here, there, here, there];
    await Promise.all(
      callers.map(async (one) => {
        for (let i = 0; i < 5; i++) expect(await one.update(id, add)).not.toBeNull();
      }),
    );
    expect((await here.read(id))?.data.seen).toBe(30);
  });

  test('a change that throws is no change', async () => {
    const [here] = both();
    const { id } = await here.create(guest);
    const failing = here.update(id, () => {
      throw new Error('no such user');
    });
    await expect(failing).rejects.toThrow('no such user');
    expect(await here.read(id)).toMatchObject({ data: guest });
  });

  test('after the logout there is no session, whoever writes late', async () => {
    const [here, there] = both();
    const session = await here.create(guest);
    const { id } = session;
    // The logout comes while a request is under way.
    const late = here.update(id, async (data) => {
      await there.destroy(id);
      return { ...data, seen: 1 };
    });
    expect(await late).toBeNull();
    expect(await here.replace(session, guest)).toBeNull();
    expect(await here.touch(id)).toBe(false);
    expect(await here.regenerate(session)).toBeNull();
    expect(await there.read(id)).toBeNull();
    expect(await here.destroy(id)).toBe(false);
    const left = Number(await ground().cli(keyOf(id), 'PTTL', keyOf(id)));
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  test('a touch prolongs it and leaves it as it is', async () => {
    const [here] = both();
    const session = await here.create(guest);
    const key = keyOf(session.id);
    for (const prolong of [() => here.touch(session.id), () => here.replace(session, guest)]) {
      await ground().cli(key, 'PEXPIRE', key, '1000');
      await here.read(session.id);
      expect(Number(await ground().cli(key, 'PTTL', key))).toBeLessThanOrEqual(1000);
      expect(await prolong()).not.toBe(false);
      expect(Number(await ground().cli(key, 'PTTL', key))).toBeGreaterThan(ttlMs - 10_000);
    }
    const touched = await here.create(guest);
    await here.touch(touched.id);
    expect(await here.read(touched.id)).toEqual(touched);
  });

  test('however often it is touched, it ends with its longest lifetime', async () => {
    const [here] = [ground().one.use(bounded)];
    const session = await here.create('data');
    const key = keyOf(session.id, 'session-bounded');
    const leftAfter = async (work: () => Promise<unknown>) => {
      expect(await work()).toBeTruthy();
      return Number(await ground().cli(key, 'PTTL', key));
    };
    expect(await leftAfter(() => here.touch(session.id))).toBeGreaterThan(ttlMs - 10_000);
    // As if it had begun a minute and a half ago: half a minute is left.
    await ground().cli(key, 'HINCRBY', key, 'began', String(-1.5 * ttlMs));
    expect(await leftAfter(() => here.touch(session.id))).toBeLessThanOrEqual(ttlMs / 2);
    expect(await leftAfter(() => here.replace(session, 'more'))).toBeLessThanOrEqual(ttlMs / 2);
    const next = await here.regenerate((await here.read(session.id)) as Session<string>);
    const nextKey = keyOf(next?.id ?? '', 'session-bounded');
    expect(Number(await ground().cli(nextKey, 'PTTL', nextKey))).toBeLessThanOrEqual(ttlMs / 2);
    await ground().cli(nextKey, 'HINCRBY', nextKey, 'began', String(-ttlMs));
    expect(await here.touch(next?.id ?? '')).toBe(false);
    expect(await here.update(next?.id ?? '', (data) => data)).toBeNull();
  });

  test('it ends by itself', async () => {
    const [here] = [ground().one.use(brief)];
    const session = await here.create('data');
    const start = performance.now();
    while ((await here.read(session.id)) !== null) {
      await here.touch(session.id);
      expect(performance.now() - start).toBeLessThan(20_000);
    }
    expect(performance.now() - start).toBeGreaterThan(100);
    expect(await here.replace(session, 'late')).toBeNull();
    expect(await here.regenerate(session)).toBeNull();
  });

  test('a new id takes the data along, and the old one is worth nothing', async () => {
    const [here, there] = both();
    const session = await here.create(guest);
    const next = await here.regenerate(session, { user: 'ada', seen: 1 });
    expect(next).toMatchObject({ data: { user: 'ada', seen: 1 }, startedMs: session.startedMs });
    expect(next?.id).not.toBe(session.id);
    expect(await there.read(session.id)).toBeNull();
    expect(await there.replace(session, guest)).toBeNull();
    expect(await there.read(next?.id ?? '')).toEqual(next);
    const again = await here.regenerate(next as Session<Login>);
    expect(again?.data).toEqual(next?.data);
  });

  test('of two who renew the id at once, one does; a write in between is not lost', async () => {
    const [here, there] = both();
    const session = await here.create(guest);
    const outcomes = await Promise.all([here.regenerate(session), there.regenerate(session)]);
    expect(outcomes.filter((one) => one !== null)).toHaveLength(1);
    const other = await here.create(guest);
    const written = await there.replace(other, { user: 'ada', seen: 1 });
    expect(await here.regenerate(other)).toBeNull();
    expect(await here.read(other.id)).toEqual(written);
  });

  test('data is held against its schema, when it is read and before it is written', async () => {
    const [here, there] = [ground().one.use(checked), ground().other.use(checked)];
    const session = await here.create({ user: 'ada', roles: ['admin'] });
    expectTypeOf(session.data).toEqualTypeOf<{ user: string; roles: string[] }>();
    const wrong = { user: 7 } as unknown as typeof session.data;
    await expectCode('redis/bad-use', () => here.create(wrong));
    await expectCode('redis/bad-use', () => here.replace(session, wrong));
    await expectCode('redis/bad-use', () => here.update(session.id, () => wrong));
    await expectCode('redis/bad-use', () => here.regenerate(session, wrong));
    expect(await there.read(session.id)).toEqual(session);
    const key = keyOf(session.id, 'session-checked');
    for (const text of ['{"user":7}', 'null', '{']) {
      await ground().cli(key, 'HSET', key, 'data', text);
      expect(await there.read(session.id)).toBeNull();
    }
    // It can still be ended.
    expect(await there.destroy(session.id)).toBe(true);
  });

  test.each([null, undefined])('data of %s is refused', async (data) => {
    const [here] = both();
    await expectCode('redis/bad-use', () => here.create(data as unknown as Login));
  });

  test.each([
    ['nothing', ''],
    ['too much', 'a'.repeat(10_000)],
    ['control characters', `${'a'.repeat(42)}\0`],
    ['a line more', `${'a'.repeat(43)}\n`],
    ['braces', `}{${'a'.repeat(41)}`],
    ['no text', undefined as unknown as string],
    ['nobody', 'a'.repeat(43)],
  ])('an id of %s is a session that is not there', async (_, id) => {
    const [here] = both();
    const session = { id, data: guest, version: 'v', startedMs: 0 };
    expect(await here.read(id)).toBeNull();
    expect(await here.touch(id)).toBe(false);
    expect(await here.destroy(id)).toBe(false);
    expect(await here.replace(session, guest)).toBeNull();
    expect(await here.regenerate(session)).toBeNull();
    expect(await here.update(id, (data) => data)).toBeNull();
    // Nor does asking for it leave anything behind.
    if (typeof id === 'string' && /^\w+$/.test(id)) {
      expect(await ground().cli(keyOf(id), 'EXISTS', keyOf(id))).toBe('0');
    }
  });
};
