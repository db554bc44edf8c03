import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import { openRedis, type Redis, type RedisOptions } from '../src/redis.js';
import { createSession, endSession } from '../src/session-scripts.js';
import { sessions } from '../src/sessions.js';
import { timed } from './loader.ts';
import { type LossyDoor, openLossyDoor } from './lossy-door.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

interface Cart {
  readonly items: number;
}

const carts = sessions<Cart>({ name: 'cart', ttlMs: 60_000 });
const add = ({ items }: Cart): Cart => ({ items: items + 1 });
const keyOf = (id: string) => `test:cart:{${id}}`;

describe('sessions', () => {
  let server: Server;
  let redis: Redis;
  const opened: Redis[] = [];
  const open = async (options: RedisOptions = {}, port = server.port): Promise<Redis> => {
    const one = await openRedis(connect, standaloneStack({ port }), { env, ...options });
    opened.push(one);
    return one;
  };

  beforeEach(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
    redis = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close({ drainMs: 200 })));
    await server.dispose();
  });

  test('twenty requests at once change a session: every change is there', async () => {
    const there = (await open()).use(carts);
    const here = redis.use(carts);
    const { id } = await here.create({ items: 0 });
    const callers = Array.from({ length: 20 }, (_, i) => (i % 2 ? here : there));
    const changed = await Promise.all(callers.map((one) => one.update(id, add)));
    expect(new Set(changed.map((session) => session?.version)).size).toBe(20);
    expect((await here.read(id))?.data.items).toBe(20);
  });

  test('a change that always meets another one is given up', async () => {
    const there = (await open()).use(carts);
    const { id } = await there.create({ items: 0 });
    let tries = 0;
    const endless = redis.use(carts).update(id, async () => {
      tries++;
      await there.update(id, add);
      return { items: -1 };
    });
    await expect(endless).rejects.toMatchObject({ code: 'redis/conflict' });
    expect(tries).toBeGreaterThan(10);
    expect((await there.read(id))?.data).toEqual({ items: tries });
  });

  describe('through a door that loses answers', () => {
    let door: LossyDoor;
    beforeEach(async () => {
      door = await openLossyDoor(server.port);
    });
    afterEach(() => door.close());

    test('every write is done once, and its caller is told so', async () => {
      const here = (await open({}, door.port)).use(carts);
      // The server is sent each script before, so that what is lost is an answer and not a "no such script".
      const known = await here.create({ items: 0 });
      const changed = await here.replace(known, { items: 9 });
      expect(changed && (await here.regenerate(changed))).not.toBeNull();

      door.loseAnswerTo('{"items":1}');
      const session = await here.create({ items: 1 });
      expect(door.hasLost()).toBe(true);
      expect(await here.read(session.id)).toEqual(session);

      door.loseAnswerTo('{"items":2}');
      expect(await here.update(session.id, add)).toMatchObject({ data: { items: 2 } });
      expect(door.hasLost()).toBe(true);
      expect((await redis.use(carts).read(session.id))?.data.items).toBe(2);

      const again = await here.read(session.id);
      if (again === null) throw new Error('The session is gone.');
      // The end of the old id.
      door.loseAnswerTo(`{${session.id}}`);
      const next = await here.regenerate(again);
      expect(door.hasLost()).toBe(true);
      expect(next).toMatchObject({ data: { items: 2 } });
      expect(await here.read(session.id)).toBeNull();

      door.loseAnswerTo(`{${next?.id}}`);
      expect(await here.destroy(next?.id ?? '')).toBe(true);
      expect(door.hasLost()).toBe(true);
    });
  });

  test('the first try of a create that arrives after the logout begins no session', async () => {
    const port = await connect(standaloneStack(server), { env });
    const id = 'i'.repeat(43);
    const args = ['60000', '0', '{"items":0}', 'version', ''];
    expect(await port.run(createSession, [keyOf(id)], args)).toBeGreaterThan(0);
    // Repeated while it is there: the same session.
    expect(await port.run(createSession, [keyOf(id)], args)).toBeGreaterThan(0);
    expect(await redis.use(carts).destroy(id)).toBe(true);
    expect(await port.run(createSession, [keyOf(id)], args)).toBeNull();
    expect(await redis.use(carts).read(id)).toBeNull();
    // A logout whose answer was lost is told that it was the one; another one is not.
    const end = ['token', '60000', ''];
    const other = 'o'.repeat(43);
    await port.run(createSession, [keyOf(other)], args);
    expect(await port.run(endSession, [keyOf(other)], end)).toBe(true);
    expect(await port.run(endSession, [keyOf(other)], end)).toBe(true);
    expect(await port.run(endSession, [keyOf(other)], ['another', '60000', ''])).toBe(false);
    await port.destroy();
  });

  test('frozen: calls end in time, and say so', async () => {
    const quick = (await open({ writeWithinMs: 500 })).use(carts);
    const session = await quick.create({ items: 0 });
    server.freeze();
    const { value, ms } = await timed(() =>
      Promise.allSettled([
        quick.read(session.id),
        quick.create({ items: 0 }),
        quick.replace(session, { items: 1 }),
        quick.update(session.id, add),
        quick.touch(session.id),
        quick.regenerate(session),
        quick.destroy(session.id),
      ]),
    );
    expect(value).toMatchObject(Array(7).fill({ reason: { code: 'redis/deadline' } }));
    expect(ms).toBeLessThan(5000);
    server.thaw();
    // What was on its way is done, once, and in its order: the logout was the last.
    await until('the session is over', async () => (await quick.read(session.id)) === null);
    expect(await quick.touch(session.id)).toBe(false);
  });

  test('a restart is waited for', async () => {
    const here = redis.use(carts);
    await server.kill();
    const creating = here.create({ items: 3 });
    await server.restart();
    const session = await creating;
    expect(await here.update(session.id, add)).toMatchObject({ data: { items: 4 } });
    await server.cli('SCRIPT', 'FLUSH');
    expect(await here.update(session.id, add)).toMatchObject({ data: { items: 5 } });
  });
});
