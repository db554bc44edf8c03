import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { engines, newest } from '../../../tests/support/engines.ts';
import { until } from '../../../tests/support/until.ts';
import { cache } from '../src/cache-aside.js';
import { counter } from '../src/counters.js';
import type { StackDescription } from '../src/description.js';
import { openRedis, type Redis } from '../src/redis.js';
import { startRedis, type TestRedis } from '../src/testing.js';
import { bundle, type Program, run } from './child.ts';
import { libraries } from './contract/libraries.ts';
import { clusterStack, sentinelStack, standaloneStack } from './stacks.ts';

const stacks: Readonly<Record<StackDescription['kind'], StackDescription>> = {
  standalone: standaloneStack({ port: 1 }),
  sentinel: { ...sentinelStack([], 'the-primary'), sentinelUser: 'looker' },
  cluster: clusterStack([]),
};

const views = counter<string>({ name: 'views', key: (id) => [id], ttlMs: 60_000 });
const key = 'test:views:{a}';

/** The folders of tests that are running or have left something behind. */
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('redis-test-'));
const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

/** Connects as the client of the stack does, with the environment of the servers alone. */
function connectTo(redis: TestRedis): Promise<Redis> {
  const [library] = libraries;
  if (library === undefined) throw new Error('There is no library.');
  const stack = stacks[redis.topology];
  const { env } = redis;
  if (stack.kind === 'standalone') return openRedis(library.standalone, stack, { env });
  if (stack.kind === 'sentinel') return openRedis(library.sentinel, stack, { env });
  return openRedis(library.cluster, stack, { env });
}

describe.each(['standalone', 'sentinel', 'cluster'] as const)('%s', (topology) => {
  let servers: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    servers = await startRedis({ stack: stacks[topology], server: newest('redis').server });
    redis = await connectTo(servers);
  });
  afterAll(async () => {
    await redis?.close({ drainMs: 500 });
    await servers?.stop();
  });
  const pid = async () =>
    Number(/process_id:(\d+)/.exec(String(await servers.command(key, 'INFO', 'server')))?.[1]);

  test('a client connects with the environment, as a user of the stack', async () => {
    expect(Object.keys(servers.env)).toEqual(expect.arrayContaining(['REDIS_ADDRESSES', 'APP_PASSWORD']));
    expect(await redis.use(views).add('a')).toBe(1);
    expect(await servers.command(key, 'GET', key)).toBe('1');
    expect(await servers.command(key, 'CLIENT', 'LIST')).toContain('user=app');
    await expect(servers.command(key, 'LPOP', key)).rejects.toThrow(/WRONGTYPE/);
    await expect(servers.command(key, 'NONSENSE')).rejects.toThrow(/unknown command/);
  });

  test('everything can be deleted', async () => {
    const all = Array.from({ length: 30 }, (_, i) => `id ${i}`);
    await Promise.all(all.map((id) => redis.use(views).add(id)));
    await servers.flush();
    expect(await Promise.all(all.map((id) => redis.use(views).get(id)))).toEqual(all.map(() => 0));
  });

  test('frozen: a cache answers from its loader, thawed: from Redis', async () => {
    const users = redis.use(cache<string, string>({ name: 'user', key: (id) => [id], ttlMs: 60_000 }));
    await users.set('a', 'kept');
    await servers.freeze('test:user:v1:{a}');
    expect(await users.getOrSet('a', async () => 'loaded')).toBe('loaded');
    servers.thaw();
    await until('Redis is asked again', () => redis.resting().length === 0);
    expect(await users.getOrSet('a', async () => 'not asked')).toBe('kept');
  });

  test('killed and started again: what was acknowledged is there', async () => {
    const before = await redis.use(views).add('a');
    const old = await pid();
    await servers.kill(key);
    expect(isRunning(old)).toBe(false);
    const adding = redis.use(views).add('a');
    await servers.restart();
    expect(await adding).toBe(before + 1);
  });

  test('the primary is handed over, and the client follows', async () => {
    if (topology === 'standalone') {
      await expect(servers.failover()).rejects.toMatchObject({ code: 'redis/bad-use' });
      return;
    }
    const before = await redis.use(views).add('a');
    const old = await pid();
    await servers.failover(key);
    expect(await pid()).not.toBe(old);
    expect(await redis.use(views).add('a')).toBe(before + 1);
  });

  (topology === 'standalone' ? undefined : test)?.(
    'the primary is frozen, another takes over, and comes back',
    async () => {
      const before = await redis.use(views).add('a');
      await servers.freeze(key);
      await servers.failover(key);
      expect(await redis.use(views).add('a')).toBeGreaterThan(before);
      servers.thaw();
      // As a replica of the new one; else this would find nobody to hand over to.
      await servers.failover(key);
      expect(await redis.use(views).add('a')).toBeGreaterThan(before + 1);
    },
  );

  (topology === 'standalone' ? undefined : test)?.(
    'the primary is killed, another takes over, and comes back',
    async () => {
      const before = await redis.use(views).add('a');
      await servers.kill(key);
      await servers.failover(key);
      expect(await redis.use(views).add('a')).toBeGreaterThan(before);
      await servers.restart();
      await servers.failover(key);
      expect(await redis.use(views).add('a')).toBeGreaterThan(before + 1);
    },
  );
});

test.each(engines())('$name $version runs, and leaves nothing behind', async ({ server }) => {
  const before = folders();
  const servers = await startRedis({
    stack: stacks.standalone,
    server,
    directives: ['maxmemory-policy allkeys-lru'],
  });
  expect(folders()).toHaveLength(before.length + 1);
  const info = String(await servers.command('', 'INFO'));
  expect(info).toContain('maxmemory_policy:allkeys-lru');
  await servers.stop();
  await servers.stop();
  expect(isRunning(Number(/process_id:(\d+)/.exec(info)?.[1]))).toBe(false);
  expect(folders()).toEqual(before);
});

describe('a test process', () => {
  let program: Program;
  beforeAll(async () => {
    program = await bundle('testing-process.ts');
  });
  afterAll(() => program.dispose());

  const started = async (how: string) => {
    const child = run(program, newest('redis').server, how);
    onTestFinished(() => child.kill());
    await until('the servers run', () => child.lines.length > 0);
    const [folder = '', ...pids] = (child.lines[0] ?? '').split(' ');
    expect(pids.map(Number).every((pid) => pid > 1)).toBe(true);
    expect(folder).toContain('redis-test-');
    if (how === 'hang')
      expect([pids.every((pid) => isRunning(Number(pid))), existsSync(folder)]).toEqual([true, true]);
    return { child, folder, pids: pids.map(Number) };
  };

  test.each(['hang', 'return', 'throw'])(
    'that does %s takes its servers and their files along',
    async (how) => {
      const { child, folder, pids } = await started(how);
      if (how === 'hang') await child.kill();
      else expect(await child.ended()).toBe(how === 'throw' ? 1 : 0);
      expect(child.errors.join('')).toContain(how === 'throw' ? 'The test has failed.' : '');
      await until('nothing is left', () => !pids.some(isRunning) && !existsSync(folder));
    },
  );
});

test('a server program is found by option, by variable or on the path, and missed in plain words', async () => {
  const { server, bin } = newest('valkey');
  const before = folders();
  const saved = { ...process.env };
  onTestFinished(() => {
    process.env = saved;
  });
  const { stack } = { stack: stacks.standalone };
  const version = async (options: { server?: string } = {}) => {
    await using servers = await startRedis({ stack, ...options });
    return String(await servers.command('', 'INFO', 'server'));
  };
  process.env = { ...saved, REDIS_SERVER: server, PATH: '' };
  expect(await version()).toContain('valkey_version');
  process.env = { ...saved, PATH: `${dirname(bin)}:${bin}` };
  delete process.env.REDIS_SERVER;
  expect(await version()).toContain('valkey_version');
  process.env.PATH = '/nowhere';
  const remedy = { code: 'redis/bad-environment', message: expect.stringContaining('REDIS_SERVER') };
  await expect(version()).rejects.toMatchObject(remedy);
  await expect(version({ server: '/no/such/server' })).rejects.toMatchObject(remedy);
  process.env.PATH = saved.PATH;
  await expect(startRedis({ stack, server, directives: ['nonsense yes'] })).rejects.toThrow(/nonsense/);
  await expect(startRedis({ stack, server, replicas: -1 })).rejects.toMatchObject({ code: 'redis/bad-use' });
  expect(folders()).toEqual(before);
  expect(spawnSync(server, ['--version']).status).toBe(0);
});
