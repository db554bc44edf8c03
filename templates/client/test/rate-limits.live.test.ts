import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { extremes } from '../../../tests/support/matrix.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import type { RedisPort } from '../src/port.js';
import {
  type RateLimit,
  type RateLimitDefinition,
  type RateLimitVerdict,
  rateLimit,
} from '../src/rate-limits.js';
import { openRedis, Redis } from '../src/redis.js';
import { type Script, script } from '../src/scripts.js';
import { timed } from './loader.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

const deadlineMs = 150;
const key = (id: string) => [id];

const numbers = (reply: unknown) => (reply as unknown[]).map(Number);
/** KEYS: any. The server's time in microseconds. */
const clock = script(`local time = redis.call('TIME') return {time[1] * 1000000 + time[2]}`, numbers);
/** KEYS: a bucket. When it was last filled; nothing where it is empty by now. */
const filledAt = script(
  `local stored = redis.call('GET', KEYS[1])
if not stored then return {} end
local level, at = struct.unpack('<dd', stored)
return {at}`,
  numbers,
);
/** KEYS: a log. The time of its latest and the number of its entries; nothing where nothing counts by now. */
const loggedAt = script(
  `local stored = redis.call('GET', KEYS[1])
if not stored then return {} end
local log = cmsgpack.unpack(stored)
return {log[#log - 1], #log / 2}`,
  numbers,
);

interface Step {
  readonly cost: number;
  readonly pauseMs: number;
}

/** What became of a step, between two times by the server's clock. */
interface Seen extends RateLimitVerdict {
  readonly cost: number;
  readonly before: number;
  readonly stored: readonly number[];
  readonly after: number;
}

const steps = fc.array(
  fc.record({
    cost: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(0.1, 0.25, 0.3, 1 / 3)),
    pauseMs: fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
  }),
  { minLength: 20, maxLength: 60 },
);

describe.each(extremes())('rate limits against their models on $name $version', (engine) => {
  let server: Server;
  let redis: Redis;
  let port: RedisPort;
  let ids = 0;

  beforeAll(async () => {
    server = await startServer({ engine, directives: generatedUser(engine) });
    // A slow machine must not make it guess.
    port = await connect(standaloneStack(server), { env });
    redis = new Redis(port, 'test:', () => Promise.resolve(port), { deadlineMs: 20_000 });
    // The server knows all scripts, so that those of a step are not sent twice.
    await Promise.all([clock, filledAt, loggedAt].map((one) => port.run(one, ['test:{none}'], [])));
    for (const algorithm of ['gcra', 'sliding'] as const)
      await redis
        .use(rateLimit<string>({ name: `known-${algorithm}`, key, limit: 1, perMs: 1, algorithm }))
        .check('a');
  });
  afterAll(async () => {
    await redis.close();
    await server.dispose();
  });

  /** Takes the steps with an id of its own; all questions about one go out together, so that little time lies between. */
  async function take(
    definition: RateLimitDefinition<string>,
    state: Script<readonly number[]>,
    path: readonly Step[],
    tell: (seen: Seen) => void,
  ): Promise<void> {
    const id = `${ids++}`;
    const limit = redis.use(rateLimit(definition));
    const keys = [`test:${definition.name}:{${id}}:${definition.algorithm}`];
    for (const { cost, pauseMs } of path) {
      if (pauseMs > 0) await sleep(pauseMs);
      const [[before = 0], verdict, stored, [after = 0]] = await Promise.all([
        port.run(clock, keys, []),
        limit.check(id, cost),
        port.run(state, keys, []),
        port.run(clock, keys, []),
      ]);
      expect(verdict.isGuess).toBe(false);
      tell({ ...verdict, cost, before, stored, after });
    }
  }

  test('gcra: a bucket that leaks, to the microsecond', async () => {
    const rates = fc.record({
      limit: fc.integer({ min: 1, max: 2000 }),
      perMs: fc.integer({ min: 20, max: 1000 }),
      burst: fc.integer({ min: 4, max: 12 }),
    });
    let admitted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(rates, steps, async ({ limit, perMs, burst }, path) => {
        const definition = { name: `model-${ids}`, key, limit, perMs, burst, algorithm: 'gcra' } as const;
        const perUs = limit / (perMs * 1000);
        let level = 0;
        let at = 0;
        const levelAt = (time: number) => Math.max(0, level - (time - at) * perUs);
        await take(
          definition,
          filledAt,
          path,
          ({ allowed, cost, remaining, retryAfterMs, before, stored, after }) => {
            // Besides the clock, a level that is told in whole microseconds.
            const slack = (after - before + 2) * perUs + 1e-6;
            if (!allowed) {
              // It did not fit when it was asked.
              expect(levelAt(before) + cost).toBeGreaterThan(burst);
              const waitMs = (levelAt(before) + cost - burst) / perUs / 1000;
              expect(Math.abs(retryAfterMs - waitMs)).toBeLessThanOrEqual((after - before) / 1000 + 1.1);
              refused++;
              return;
            }
            const [now = after] = stored;
            expect(now).toBeGreaterThanOrEqual(before);
            expect(now).toBeLessThanOrEqual(after);
            // The bucket of a small cost can be empty before it is looked at.
            level = stored.length === 0 ? 0 : levelAt(now) + cost;
            at = now;
            expect(level).toBeLessThanOrEqual(burst * (1 + 1e-6));
            expect(remaining).toBeGreaterThanOrEqual(Math.floor(burst - level - slack));
            expect(remaining).toBeLessThanOrEqual(Math.floor(burst - level + slack));
            admitted++;
          },
        );
      }),
      { numRuns: 25 },
    );
    expect(admitted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(20);
  });

  test('sliding: never more than the limit, and a log that forgets within a twentieth', async () => {
    const rates = fc.record({
      limit: fc.integer({ min: 4, max: 40 }),
      perMs: fc.integer({ min: 5, max: 60 }),
    });
    let admitted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(rates, steps, async ({ limit, perMs }, path) => {
        const definition = { name: `model-${ids}`, key, limit, perMs, algorithm: 'sliding' } as const;
        const perUs = perMs * 1000;
        const log: { at: number; cost: number }[] = [];
        const since = (time: number) =>
          log.filter(({ at }) => at > time).reduce((sum, { cost }) => sum + cost, 0);
        await take(definition, loggedAt, path, ({ allowed, cost, retryAfterMs, before, stored, after }) => {
          if (!allowed) {
            expect(since(before - perUs * 1.05) + cost).toBeGreaterThan(limit);
            expect(retryAfterMs).toBeGreaterThan(0);
            expect(retryAfterMs).toBeLessThanOrEqual(perMs);
            refused++;
            return;
          }
          const [now = after, entries = 0] = stored;
          expect(now).toBeGreaterThanOrEqual(before);
          expect(now).toBeLessThanOrEqual(after);
          log.push({ at: now, cost });
          expect(since(now - perUs)).toBeLessThanOrEqual(limit * (1 + 1e-6));
          expect(entries).toBeLessThanOrEqual(22);
          admitted++;
        });
      }),
      { numRuns: 25 },
    );
    expect(admitted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(20);
  });

  test.each(['gcra', 'sliding', 'fixed'] as const)(
    '%s: who comes again when told to is let through',
    async (algorithm) => {
      const limit = redis.use(
        rateLimit<string>({ name: `again-${algorithm}`, key, limit: 3, perMs: 120, algorithm }),
      );
      let refused = 0;
      for (let i = 0; i < 12; i++) {
        const { allowed, retryAfterMs } = await limit.check('a', 2);
        if (allowed) continue;
        refused++;
        await sleep(retryAfterMs + 1);
        expect(await limit.peek('a', 2)).toMatchObject({ allowed: true });
      }
      expect(refused).toBeGreaterThan(2);
    },
  );

  test('fixed: a window ends when its first said, however many come later', async () => {
    const limit = redis.use(
      rateLimit<string>({ name: 'window', key, limit: 10, perMs: 60_000, algorithm: 'fixed' }),
    );
    expect((await limit.check('a')).resetMs).toBe(60_000);
    await server.cli('PEXPIRE', 'test:window:{a}:fixed', '5000');
    const { remaining, resetMs } = await limit.check('a', 2.5);
    expect(remaining).toBe(6);
    expect(resetMs).toBeLessThanOrEqual(5000);
    expect(Number(await server.cli('PTTL', 'test:window:{a}:fixed'))).toBeLessThanOrEqual(5000);
  });

  test('keys end when nothing counts any more', async () => {
    const limits = (['gcra', 'sliding', 'fixed'] as const).map((algorithm) =>
      redis.use(rateLimit<string>({ name: `ends-${algorithm}`, key, limit: 10, perMs: 200, algorithm })),
    );
    for (const limit of limits) await limit.check('a', 10);
    await until(
      'they have ended',
      async () => (await server.cli('--scan', '--pattern', 'test:ends-*')) === '',
    );
  });

  test.each([1e-3, 1e9])(
    'a limit of %s in a minute is kept, however small a part of it a cost is',
    async (limit) => {
      const tiny = redis.use(rateLimit<string>({ name: `scale-${limit}`, key, limit, perMs: 60_000 }));
      const parts = 40;
      let admitted = 0;
      for (let i = 0; i < parts + 5; i++) if ((await tiny.check('a', limit / parts)).allowed) admitted++;
      expect(admitted).toBeGreaterThanOrEqual(parts);
      expect(admitted).toBeLessThanOrEqual(parts + 1);
      // One by one, too: a cost of a billionth is not lost beside the time since 1970.
      const [before, after] = [await tiny.peek('b'.repeat(3)), await tiny.check('b'.repeat(3), limit * 1e-9)];
      expect(before.resetMs).toBe(0);
      expect(after.allowed).toBe(true);
      expect(after.resetMs).toBeGreaterThanOrEqual(0);
    },
  );

  test('a clock that was set back does not hold anybody up for longer than a whole limit', async () => {
    const ahead = `local time = redis.call('TIME') local at = time[1] * 1000000 + time[2] + 3600000000 `;
    const bucket = script(
      `${ahead}redis.call('SET', KEYS[1], struct.pack('<dd', 100000, at), 'PX', 3600000) return {1}`,
      numbers,
    );
    const log = script(
      `${ahead}redis.call('SET', KEYS[1], cmsgpack.pack({at - 1, 3, at, 2}), 'PX', 3600000) return {1}`,
      numbers,
    );
    for (const [algorithm, write] of [
      ['gcra', bucket],
      ['sliding', log],
    ] as const) {
      const limit = redis.use(
        rateLimit<string>({ name: `back-${algorithm}`, key, limit: 5, perMs: 100, algorithm }),
      );
      await port.run(write, [`test:back-${algorithm}:{a}:${algorithm}`], []);
      expect(await limit.peek('a', 5)).toMatchObject({ allowed: false, remaining: 0 });
      const { allowed, retryAfterMs } = await limit.check('a', 5);
      expect(allowed).toBe(false);
      expect(retryAfterMs).toBeLessThanOrEqual(102);
      await sleep(retryAfterMs + 1);
      expect(await limit.check('a', 5)).toMatchObject({ allowed: true });
    }
  });
});

describe('rate limits without Redis', () => {
  let server: Server;
  let redis: Redis;
  const limit = (whenAway: 'open' | 'closed' | 'local', name = whenAway): RateLimit<string> =>
    redis.use(rateLimit<string>({ name, key, limit: 3, perMs: 60_000, whenAway }));

  beforeEach(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
    redis = await openRedis(connect, standaloneStack(server), { env, deadlineMs, writeWithinMs: 500 });
  });
  afterEach(async () => {
    await redis.close({ drainMs: 100 });
    await server.dispose();
  });

  test.each([
    ['open', [true, true, true, true, true, true]],
    ['closed', [false, false, false, false, false, false]],
    ['local', [true, true, true, false, false, false]],
  ] as const)(
    'frozen: %s answers within the deadline, and at once after that',
    async (whenAway, expected) => {
      const limited = limit(whenAway);
      expect(await limited.check('before', 3)).toMatchObject({ allowed: true, isGuess: false });
      server.freeze();
      const first = await timed(() => limited.check('a'));
      expect(first.ms).toBeGreaterThan(deadlineMs - 10);
      expect(first.ms).toBeLessThan(2000);
      const verdicts = [first.value];
      for (let i = 0; i < 5; i++) {
        const next = await timed(() => limited.check('a'));
        expect(next.ownMs).toBeLessThan(deadlineMs);
        verdicts.push(next.value);
      }
      expect(verdicts.map(({ allowed }) => allowed)).toEqual(expected);
      expect(verdicts.every(({ isGuess, limit }) => isGuess && limit === 3)).toBe(true);
      expect(verdicts.every(({ allowed, retryAfterMs }) => allowed === (retryAfterMs === 0))).toBe(true);
      // Not even a guess lets through what never passes.
      expect(await limited.check('a', 4)).toMatchObject({
        allowed: false,
        retryAfterMs: Number.POSITIVE_INFINITY,
      });
      server.thaw();
      await until('Redis is asked again', async () => !(await limited.peek('before')).isGuess, {
        timeoutMs: 10_000,
      });
      expect(await limited.check('before')).toMatchObject({ allowed: false, isGuess: false });
    },
  );

  test('dead: it answers at once, and goes on counting after the restart', async () => {
    const [open, local] = [limit('open'), limit('local')];
    await server.kill();
    for (let i = 0; i < 10; i++) {
      const { value, ms } = await timed(() => open.check('a', 3));
      expect(value).toMatchObject({ allowed: true, isGuess: true });
      expect(ms).toBeLessThan(2000);
    }
    expect(await local.check('a', 2)).toMatchObject({ allowed: true, remaining: 1 });
    expect(await local.peek('a', 2)).toMatchObject({ allowed: false, remaining: 1 });
    await expect(local.reset('a')).rejects.toMatchObject({ code: 'redis/deadline' });
    expect(await local.peek('a', 2)).toMatchObject({ allowed: true, remaining: 3, isGuess: true });
    await server.restart();
    await until('Redis is asked again', async () => !(await open.peek('a')).isGuess, { timeoutMs: 10_000 });
    expect((await open.check('a', 3)).allowed).toBe(true);
    expect((await open.check('a')).allowed).toBe(false);
  });

  test('a server that is full is away; one that refuses is an error and opens no door', async () => {
    const [open, closed] = [limit('open'), limit('closed')];
    await open.check('a');
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await open.check('a')).toMatchObject({ allowed: true, isGuess: true });
    expect(await closed.check('a')).toMatchObject({ allowed: false, isGuess: true });
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await open.check('a')).toMatchObject({ remaining: 1, isGuess: false });
    await server.cli('ACL', 'SETUSER', 'app', '-set');
    await expect(open.check('a')).rejects.toMatchObject({ code: 'redis/refused' });
  });

  test('observers hear what became of it', async () => {
    const told: string[] = [];
    const observed = await openRedis(connect, standaloneStack(server), {
      env,
      observe: ({ name, what }) => void told.push(`${name} ${what}`),
    });
    const limited = observed.use(rateLimit<string>({ name: 'told', key, limit: 1, perMs: 60_000 }));
    await limited.check('a');
    await limited.check('a');
    await limited.peek('a');
    await server.kill();
    await limited.check('a');
    expect(told).toEqual(['told allowed', 'told limited', 'told unanswered', 'told allowed']);
    await observed.close({ drainMs: 100 });
  });
});
