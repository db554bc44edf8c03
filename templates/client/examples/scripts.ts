import { defineKeyspaces, luaScript, type Redis } from '../src/index.js';

const dayMs = 24 * 60 * 60_000;

export const keyspaces = defineKeyspaces({
  // Adds points for what a player has not done before, in one step; running it again changes nothing.
  award: luaScript({
    name: 'award',
    key: (player: string) => [player],
    // KEYS[1] is the key of the player, KEYS[2] the same with `:done`; both are in one slot.
    suffixes: () => ['done'],
    lua: `
      if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[2]) end
      redis.call('PEXPIRE', KEYS[1], ARGV[3])
      redis.call('PEXPIRE', KEYS[2], ARGV[3])
      return redis.call('GET', KEYS[1])`,
    args: ({ what, points }: { readonly what: string; readonly points: number }) => [what, points, dayMs],
    decode: Number,
  }),
});

export async function example(redis: Redis): Promise<number> {
  const { award } = await redis.open(keyspaces);
  return award.run('ada', { what: 'first steps', points: 50 });
}
