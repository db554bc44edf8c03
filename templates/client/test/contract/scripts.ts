import { expect, expectTypeOf, test } from 'vitest';
import { type LuaScript, luaScript } from '../../src/lua.js';
import { slotOf } from '../../src/slot.js';
import type { Contract } from './ground.ts';
import { expectCode } from './refusals.ts';

/** Moves an amount between two keys of an account, and keeps a log of it. */
const transfer = luaScript({
  name: 'script-transfer',
  key: (account: string) => [account],
  suffixes: () => ['saved', 'log'],
  lua: `local amount = tonumber(ARGV[1])
redis.call('DECRBY', KEYS[1], amount)
local saved = redis.call('INCRBY', KEYS[2], amount)
redis.call('RPUSH', KEYS[3], ARGV[2])
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 60000) end
return saved`,
  args: ({ amount, note }: { readonly amount: number; readonly note: string }) => [amount, note],
  decode: Number,
});

const echo = luaScript({
  name: 'script-echo',
  key: (id: string) => [id],
  lua: `return {KEYS[1], #KEYS, #ARGV, 3.9, false, true, 'text'}`,
  decode: (reply) => reply as unknown[],
});

const keysOnly = luaScript({
  name: 'script-keys',
  key: (id: readonly string[]) => id,
  suffixes: (id) => ['', ...id, 'ü{}', 'x:y'].map((text, i) => `${i}${text}`),
  lua: `for i = 1, #KEYS do redis.call('SET', KEYS[i], i, 'PX', 60000) end
return KEYS`,
  decode: (reply) => reply as string[],
});

const broken = luaScript({
  name: 'script-broken',
  key: (id: string) => [id],
  lua: 'return (',
  decode: String,
});
const failing = luaScript({
  name: 'script-failing',
  key: (id: string) => [id],
  lua: `redis.call('SET', KEYS[1], 'text', 'PX', 60000) return redis.call('INCR', KEYS[1])`,
  decode: String,
});
const undecodable = luaScript({
  name: 'script-undecodable',
  key: (id: string) => [id],
  lua: `return redis.call('INCR', KEYS[1])`,
  decode: (): string => {
    throw new Error('not what was expected');
  },
});

export const scripts: Contract = (ground) => {
  test('a script gets its keys and arguments and gives its reply, in either process', async () => {
    const [here, there] = [ground().one.use(transfer), ground().other.use(transfer)];
    expectTypeOf(here).toEqualTypeOf<
      LuaScript<string, { readonly amount: number; readonly note: string }, number>
    >();
    expect(await here.run('a {b}', { amount: 5, note: 'first' })).toBe(5);
    expect(await there.run('a {b}', { amount: 7, note: 'ü "\r\n' })).toBe(12);
    const [first = '', , log = ''] = here.keys('a {b}');
    expect(await ground().cli(first, 'GET', first)).toBe('-12');
    expect(await ground().cli(first, 'LINDEX', log, '1')).toBe('ü "\r\n');
  });

  test('without arguments and further keys', async () => {
    const reply = await ground().one.use(echo).run('id');
    expect(reply).toEqual(['test:script-echo:{id}', 1, 0, 3, null, 1, 'text']);
  });

  test('all keys of any id share a slot', async () => {
    const script = ground().one.use(keysOnly);
    for (const id of [
      ['a'],
      ['{', '}'],
      ['}{x}'],
      ['', ''],
      ['a', 'b c', 'ü'],
      ['{}'],
      ['a\nb'],
      ['a'.repeat(2000)],
    ]) {
      const keys = await script.run(id);
      expect(keys).toEqual(script.keys(id));
      expect(keys).toHaveLength(id.length + 4);
      expect(new Set(keys.map(slotOf)).size).toBe(1);
    }
  });

  test('a server that has forgotten the script is sent it again', async () => {
    const script = ground().one.use(transfer);
    const [key = ''] = script.keys('forgotten');
    await script.run('forgotten', { amount: 1, note: '' });
    await ground().cli(key, 'SCRIPT', 'FLUSH');
    expect(await script.run('forgotten', { amount: 1, note: '' })).toBe(2);
    expect(await script.run('forgotten', { amount: 1, note: '' })).toBe(3);
  });

  test('errors are those of the script, and of the decoder', async () => {
    const { one } = ground();
    await expectCode('redis/refused', () => one.use(broken).run('a'));
    await expectCode('redis/refused', () => one.use(failing).run('a'));
    await expect(one.use(undecodable).run('a')).rejects.toThrow('not what was expected');
    const [key = ''] = one.use(undecodable).keys('a');
    // It has run, and was not repeated.
    expect(await ground().cli(key, 'GET', key)).toBe('1');
    await ground().cli(key, 'DEL', key);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    'an argument of %s is refused',
    async (amount) => {
      const script = ground().one.use(transfer);
      await expectCode('redis/bad-use', () => script.run('bad', { amount: amount as number, note: '' }));
    },
  );
};
