import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { connect } from '../src/connect.standalone.js';
import { lock } from '../src/locks.js';
import { luaScript } from '../src/lua.js';
import type { RedisPort, Words } from '../src/port.js';
import { rateLimit } from '../src/rate-limits.js';
import { Redis } from '../src/redis.js';
import type { Script } from '../src/scripts.js';
import { sessions } from '../src/sessions.js';
import { slotOf } from '../src/slot.js';
import { env, generatedUser, standaloneStack } from './stacks.ts';

// On one server, which takes keys of any slot: what a cluster would refuse is found here for any id.
let server: Server;
let port: RedisPort;
let redis: Redis;
/** The keys of every script that ran. */
const ran: (readonly string[])[] = [];
/** The first key of every command. */
const called: string[] = [];

beforeAll(async () => {
  const engine = newest('redis');
  server = await startServer({ engine, directives: generatedUser(engine) });
  port = await connect(standaloneStack(server), { env });
  const watched: RedisPort = {
    ...port,
    run: <Reply>(script: Script<Reply>, keys: readonly string[], args: readonly string[]) => {
      ran.push(keys);
      return port.run(script, keys, args);
    },
    call: (key: string, words: Words) => {
      called.push(key);
      return port.call(key, words);
    },
  };
  redis = new Redis(watched, 'test:', () => Promise.resolve(watched), { deadlineMs: 20_000 });
});
afterAll(async () => {
  await redis.close();
  await server.dispose();
});

const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 3 });
const byParts = { key: (id: readonly string[]) => id };

const limits = (['gcra', 'sliding', 'fixed'] as const).map((algorithm) =>
  rateLimit<readonly string[]>({ ...byParts, name: `limit-${algorithm}`, limit: 2, perMs: 1000, algorithm }),
);
const locks = lock<readonly string[]>({ ...byParts, name: 'lock' });
const carts = sessions<number>({ name: 'session', ttlMs: 60_000 });
const own = luaScript({
  ...byParts,
  name: 'own',
  suffixes: (id) => ['log', ...id.map((part, i) => `${i}:${part}`)],
  lua: 'return #KEYS',
  decode: Number,
});

async function useAll(id: readonly string[]): Promise<void> {
  for (const limit of limits.map((one) => redis.use(one))) {
    await limit.check(id);
    await limit.peek(id);
    await limit.reset(id);
  }
  await redis.use(locks).withAll([id, [...id, 'more']], () => {});
  const session = await redis.use(carts).create(1);
  await redis.use(carts).update(session.id, (n) => n + 1);
  await redis.use(carts).touch(session.id);
  const current = await redis.use(carts).read(session.id);
  const next = current && (await redis.use(carts).regenerate(current));
  await redis.use(carts).destroy(next?.id ?? '');
  expect(await redis.use(own).run(id)).toBe(id.length + 2);
}

test('whatever the id, the keys of a script share a slot and begin with the prefix', async () => {
  await fc.assert(
    fc.asyncProperty(parts, async (id) => {
      ran.length = 0;
      called.length = 0;
      await useAll(id);
      // Every script of the patterns here was run: six of limits, of locks, of sessions, and one's own.
      expect(ran.length).toBeGreaterThanOrEqual(6 + 4 + 6 + 1);
      for (const keys of ran) {
        expect(new Set(keys.map(slotOf)).size).toBe(1);
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) expect(key).toMatch(/^test:[\w-]+:\{[^{}\s]+\}(:[^{}\s]+)?$/);
      }
      for (const key of called) expect(key).toMatch(/^test:/);
    }),
    { numRuns: 60 },
  );
  expect(ran.some((keys) => keys.length > 1)).toBe(true);
});
