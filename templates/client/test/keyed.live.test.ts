import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines, newest } from '../../../tests/support/engines.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import { connect } from '../src/connect.standalone.js';
import { counter, extremum, flags, once } from '../src/counters.js';
import { leaderboard } from '../src/leaderboards.js';
import { defineKeyspaces } from '../src/names.js';
import { record, unchecked } from '../src/records.js';
import { openRedis, type Redis } from '../src/redis.js';
import { memberSet } from '../src/sets.js';
import { uniques } from '../src/uniques.js';
import { expectCode } from './contract/refusals.ts';
import { type LossyDoor, openLossyDoor } from './lossy-door.ts';
import { env, generatedUser, standaloneStack } from './stacks.ts';

const byId = { key: (id: string) => [id], ttlMs: 60_000 };
const views = counter<string>({ ...byId, name: 'views' });
const lasting = counter<string>({ ...byId, name: 'lasting', ttlMs: 'durable' });
const claims = once<string>({ ...byId, name: 'claims' });
const claimsForGood = once<string>({ ...byId, name: 'claims-for-good', ttlMs: 'durable' });
const archive = uniques<string>({ ...byId, name: 'archive', mergedTtlMs: 'durable' });

describe('a server that drops keys when it is full', () => {
  let server: Server;
  beforeAll(async () => {
    const engine = newest('redis');
    server = await startServer({ engine, directives: generatedUser(engine) });
  });
  afterAll(() => server?.dispose());

  const on = async (policy: string): Promise<Redis> => {
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', policy);
    return openRedis(connect, standaloneStack(server), { env });
  };

  test.each([
    ['allkeys-lru', { lasting, claims, claimsForGood, archive }],
    ['volatile-lru', { claims }],
  ])('%s is refused for what must stay, at the start and at the first use', async (policy, refused) => {
    const refusing = await on(policy);
    for (const definition of Object.values(refused))
      await expectCode('redis/may-evict', () => refusing.open({ definition }));
    if ('lasting' in refused) {
      await expectCode('redis/may-evict', () => refusing.use(lasting).add('a'));
      await expectCode('redis/may-evict', () => refusing.use(archive).merge('a', 'month', 'day'));
      expect(await refusing.use(archive).add('a', 'day', 'b')).toBe(true);
    }
    await expectCode('redis/may-evict', () => refusing.use(claims).claim('a'));
    expect(await refusing.use(views).add(policy)).toBe(1);
    await refusing.close();
  });

  test.each([
    ['volatile-lru', defineKeyspaces({ views, lasting, claimsForGood, archive })],
    ['noeviction', defineKeyspaces({ views, lasting, claims, claimsForGood, archive })],
  ])('%s is accepted for what it leaves alone', async (policy, accepted) => {
    const accepting = await on(policy);
    await accepting.open(accepted);
    expect(await accepting.use(lasting).add(policy)).toBe(1);
    await accepting.close();
  });
});

describe('a call whose answer is lost is made again', () => {
  const seen = flags<string>({ ...byId, name: 'seen' });
  const peaks = extremum<string>({ ...byId, name: 'peaks', keep: 'greatest' });
  const tags = memberSet<string>({ ...byId, name: 'tags' });
  const visitors = uniques<string>({ ...byId, name: 'visitors' });
  const boards = leaderboard<string>({ ...byId, name: 'boards' });
  let server: Server;
  let door: LossyDoor;
  let redis: Redis;
  beforeAll(async () => {
    const engine = newest('valkey');
    server = await startServer({ engine, directives: generatedUser(engine) });
    door = await openLossyDoor(server.port);
    redis = await openRedis(connect, standaloneStack(door), { env });
  });
  afterAll(async () => {
    await redis?.close({ drainMs: 1000 });
    door?.close();
    await server?.dispose();
  });

  /** The outcome for an id whose answer is lost; another id has made the server know the script. */
  async function lost<Outcome>(call: (id: string) => Promise<Outcome>): Promise<Outcome> {
    await call('known');
    door.loseAnswerTo('lost');
    const outcome = await call('lost');
    expect(door.hasLost()).toBe(true);
    return outcome;
  }

  test('an addition counts twice', async () => {
    expect(await lost((id) => redis.use(views).add(id))).toBe(2);
    expect(await lost((id) => redis.use(boards).add(id, 'b', 5))).toBe(10);
  });

  test('a claim is still one', async () => {
    expect(await lost((id) => redis.use(claims).claim(id, 'a'))).toBe(true);
    expect(await redis.use(claims).claim('lost', 'b')).toBe(false);
    expect(await lost((id) => redis.use(claims).claim(`unnamed ${id}`))).toBe(true);
    expect(await lost((id) => redis.use(claims).release(id, 'a'))).toBe(false);
    expect(await redis.use(claims).owner('lost')).toBeNull();
  });

  test('what is kept is right, and what is said about it is of the second time', async () => {
    expect(await lost((id) => redis.use(peaks).offer(id, 7))).toEqual({ value: 7, changed: false });
    expect(await lost((id) => redis.use(boards).submit(id, 'a', 7))).toBe(7);
    expect(await lost((id) => redis.use(seen).set(id, 3))).toBe(true);
    expect(await redis.use(seen).count('lost')).toBe(1);
    expect(await lost((id) => redis.use(tags).add(id, 'a', 'b'))).toBe(0);
    expect(await redis.use(tags).size('lost')).toBe(2);
    expect(await lost((id) => redis.use(visitors).add(id, 'day', 'a', 'b'))).toBe(false);
    expect(await redis.use(visitors).count('lost', 'day')).toBe(2);
  });
});

describe.each(engines())('lifetimes of fields on $name $version', (engine) => {
  const hasThem = engine.name === 'redis' ? Number(engine.line) >= 7.4 : Number(engine.line) >= 9;
  const logins = record({
    ...byId,
    name: 'login',
    fields: { user: unchecked<string>(), code: unchecked<string>(), tries: unchecked<number>() },
  });
  let server: Server;
  let redis: Redis;
  beforeAll(async () => {
    const directives = [...generatedUser(engine), ['enable-debug-command', 'local']];
    server = await startServer({ engine, directives });
    redis = await openRedis(connect, standaloneStack(server), { env });
  });
  afterAll(async () => {
    await redis?.close({ drainMs: 1000 });
    await server?.dispose();
  });

  (hasThem ? undefined : test)?.('are refused by name, and nothing is written', async () => {
    const records = redis.use(logins);
    await expectCode('redis/unsupported', () =>
      records.update('a', { user: 'u', code: '1' }, { fieldTtlMs: 1000 }),
    );
    expect(await records.get('a')).toBeNull();
    await records.update('a', { user: 'u' });
    await expectCode('redis/unsupported', () => records.expireField('a', 'user', 1000));
    expect(await records.get('a')).toEqual({ user: 'u' });
  });

  const fieldMs = async (field: string) =>
    Number(await server.cli('HPTTL', 'test:login:{b}', 'FIELDS', '1', field));

  (hasThem ? test : undefined)?.('end a field and leave the others', async () => {
    const records = redis.use(logins);
    // Servers remove what has ended a little later; here not at all, and it must not come back.
    await server.cli('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    await records.update('a', { user: 'u' });
    await records.update('a', { code: '1', tries: 0 }, { fieldTtlMs: 150 });
    expect(await records.get('a')).toEqual({ user: 'u', code: '1', tries: 0 });
    await until('the fields are gone', async () => Object.keys((await records.get('a')) ?? {}).length === 1);
    expect(await records.get('a')).toEqual({ user: 'u' });
    for (const field of ['code', 'tries'] as const)
      expect(await records.expireField('a', field, 1000)).toBe(false);
    expect(await records.get('a')).toEqual({ user: 'u' });
    expect(await records.expireField('none', 'code', 1000)).toBe(false);
    await server.cli('DEBUG', 'SET-ACTIVE-EXPIRE', '1');
    expect(await records.expireField('a', 'user', 1)).toBe(true);
    await until('the record is gone', async () => (await records.get('a')) === null);
    await until('the key is gone', async () => (await server.cli('EXISTS', 'test:login:{a}')) === '0');
  });

  (hasThem ? test : undefined)?.(
    'outlive increments, end with updates, and leave the lifetime of the record',
    async () => {
      const records = redis.use(logins);
      await records.update('b', { user: 'u', code: '1', tries: 0 }, { fieldTtlMs: 20_000 });
      expect(Number(await server.cli('PTTL', 'test:login:{b}'))).toBeGreaterThan(30_000);
      await records.increment('b', 'tries');
      for (const field of ['user', 'code', 'tries']) {
        expect(await fieldMs(field)).toBeGreaterThan(0);
        expect(await fieldMs(field)).toBeLessThanOrEqual(20_000);
      }
      await records.update('b', { code: '2' });
      expect(await fieldMs('code')).toBe(-1);
      expect(await records.expireField('b', 'code', 5000)).toBe(true);
      expect(await fieldMs('code')).toBeGreaterThan(0);
      expect(Number(await server.cli('PTTL', 'test:login:{b}'))).toBeGreaterThan(30_000);
      expect(await records.get('b')).toEqual({ user: 'u', code: '2', tries: 1 });
    },
  );
});
