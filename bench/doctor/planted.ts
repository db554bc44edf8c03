import type { Server } from '../../tests/support/servers.ts';

/** A problem that was put there, and by which words a tool shows that it has seen it. */
export interface Planted {
  readonly problem: string;
  readonly inDoctor: RegExp;
  readonly inOthers: RegExp;
}

export const PLANTED: readonly Planted[] = [
  {
    problem: 'a hash of 200,000 fields',
    inDoctor: /big:hash|"type":"hash","unit":"elements","bins":\[[^\]]*"from":131072/,
    inOthers: /big:hash/,
  },
  {
    problem: 'a string of 20 MB',
    inDoctor: /big:string|"type":"string","unit":"bytes","bins":\[[^\]]*"from":16777216/,
    inOthers: /big:string/,
  },
  { problem: 'one key that is read all the time', inDoctor: /hot:one/, inOthers: /hot:one/ },
  { problem: 'keys of a cache without a TTL', inDoctor: /ttl/i, inOthers: /ttl/i },
  {
    problem: 'hashes just too large for a listpack',
    inDoctor: /hash-max-listpack-entries/,
    inOthers: /listpack/,
  },
  { problem: 'KEYS in use', inDoctor: /cmdstat_keys/, inOthers: /\bKEYS\b.*called/ },
  { problem: 'anybody may log in', inDoctor: /nopass|default user/i, inOthers: /nopass|password/i },
];

/** Mixed types in a cache that counts how often keys are used, and the problems. */
export async function plant(server: Server, keys: number): Promise<void> {
  const part = Math.floor(keys / 5);
  const STEP = 20_000;
  for (let from = 1; from <= part; from += STEP) {
    const to = Math.min(part, from + STEP - 1);
    const script = `for i=${from},${to} do
      redis.call('SET', 'session:'..i, string.rep('s', 100 + i % 200), 'EX', 86400)
      redis.call('SET', 'page:'..i, string.rep('p', 50))
      redis.call('HSET', 'user:'..i, 'name', 'name-'..i, 'mail', i..'@example.com', 'age', i % 90)
      redis.call('RPUSH', 'feed:'..i, i, i + 1, i + 2)
      redis.call('ZADD', 'score:'..i, i, 'a', i + 1, 'b')
    end`;
    await server.cli('EVAL', script, '0');
  }
  const wide = `for i=1,${Math.max(1, Math.floor(keys / 200))} do for f=1,200 do redis.call('HSET', 'wide:'..i, 'field:'..f, f) end end`;
  await server.cli('EVAL', wide, '0');
  await server.cli('EVAL', "for i=1,200000 do redis.call('HSET', 'big:hash', 'field:'..i, i) end", '0');
  await server.cli('SETRANGE', 'big:string', String(20 * 1024 * 1024), 'x');
  await server.cli(
    'EVAL',
    "redis.call('SET', 'hot:one', 'x') for i=1,500000 do redis.call('GET', 'hot:one') end",
    '0',
  );
}

/** Statistics are reset before each measurement, so this is done again. */
export async function useKeys(server: Server): Promise<void> {
  await server.cli('EVAL', "for i=1,3 do redis.call('KEYS', 'nothing:*') end", '0');
}
