import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { identify } from '../../src/local/process.ts';
import { openConnection } from '../../src/redis/connection.ts';
import { parseEnv } from '../../src/workspace/secrets.ts';
import { newest } from '../support/engines.ts';
import { startServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { createStack, type NodeRow, type Stack } from './stack.ts';

function password(stack: Stack, user: string): string {
  const env = parseEnv(readFileSync(join(stack.dir, '.env'), 'utf8'));
  return env.get(`REDIS_${user.toUpperCase()}_PASSWORD`) ?? '';
}

async function primaryOf(stack: Stack): Promise<NodeRow> {
  const primary = (await stack.status()).nodes.find((n) => n.role === 'primary');
  if (!primary) throw new Error('there is a primary');
  return primary;
}

async function fill(stack: Stack, count: number): Promise<void> {
  const primary = await primaryOf(stack);
  const connection = await openConnection(primary, { username: 'app', password: password(stack, 'app') });
  for (let i = 0; i < count; i++) await connection.call('SET', `key:${i}`, String(i)).catch(elsewhere);
  await connection.call('WAIT', '1', '5000');
  connection.close();
}

/** In a cluster this primary has a third of the keys, which is enough to see whether they are still there. */
function elsewhere(error: Error): void {
  if (!error.message.startsWith('MOVED')) throw error;
}

const keysOf = async (stack: Stack): Promise<readonly number[]> =>
  (await stack.status()).nodes.filter((n) => n.role !== 'sentinel').map((n) => n.keys);

describe('data', () => {
  const stacks: Stack[] = [];
  afterEach(async () => {
    for (const stack of stacks.splice(0)) await stack.dispose();
  });

  async function boot(...flags: readonly string[]): Promise<Stack> {
    const stack = await createStack(newest('redis'), ...flags);
    stacks.push(stack);
    await stack.up();
    return stack;
  }

  it('a primary that comes back with an empty disk does not empty its replicas', async () => {
    const stack = await boot('--topology', 'sentinel', '--workload', 'primary-data');
    await fill(stack, 500);
    const primary = await primaryOf(stack);
    await stack.signal(primary.name);
    rmSync(join(stack.dir, '.redis-stack/run', primary.name, 'data'), { recursive: true });
    // At once, before the Sentinels have noticed: they still name the empty node as primary.
    await stack.up();
    await until(
      'every node to hold the keys',
      async () => (await keysOf(stack)).every((keys) => keys === 500),
      { timeoutMs: 30_000 },
    );
    expect((await primaryOf(stack)).name).not.toBe(primary.name);
  });

  it.each([
    ['sentinel', 'rdb'],
    ['sentinel', 'aof'],
    ['cluster', 'aof'],
  ])('%s with %s is whole after all nodes were down', async (kind, mode) => {
    const stack = await boot('--topology', kind, '--persistence', mode);
    await fill(stack, 200);
    const before = (await keysOf(stack)).reduce((a, b) => a + b, 0);
    expect(before).toBeGreaterThan(100);
    expect((await stack.down()).code).toBe(0);
    await stack.up();
    const status = await stack.status();
    expect(status.ready).toBe(true);
    expect((await keysOf(stack)).reduce((a, b) => a + b, 0)).toBe(before);
  });

  it('a second up starts nothing, and down leaves a stranger alone', async () => {
    const stack = await boot('--topology', 'sentinel');
    await using stranger = await startServer({ engine: newest('redis') });
    const pids = (await stack.status()).nodes.map((n) => stack.pid(n.name));
    await stack.up();
    expect((await stack.status()).nodes.map((n) => stack.pid(n.name))).toEqual(pids);
    await stack.down();
    expect(await stranger.cli('PING')).toBe('PONG');
    expect((await Promise.all(pids.map(identify))).filter(Boolean)).toEqual([]);
  });

  it('a node that ran before and finds nobody does not start as a second primary', async () => {
    const stack = await boot('--topology', 'sentinel');
    await stack.down();
    const run = join(stack.dir, '.redis-stack/run/node-1');
    const result = await execa('sh', [join(stack.dir, 'conf/scripts/start-node.sh')], {
      reject: false,
      extendEnv: false,
      env: {
        PATH: `${stack.engine.bin}:${process.env.PATH}`,
        STACK_PORT: '29999',
        STACK_ADDRESS: '127.0.0.1',
        STACK_BIND: '127.0.0.1',
        STACK_PRIMARY: '127.0.0.1:29999',
        STACK_PEERS: '127.0.0.1:1',
        STACK_SENTINELS: '127.0.0.1:2 127.0.0.1:3 127.0.0.1:4',
        STACK_SECRETS: join(stack.dir, '.secrets'),
        STACK_RUN: join(run, 'conf'),
        STACK_DATA: join(run, 'data'),
        STACK_WAIT: '2',
      },
      timeout: 20_000,
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('not starting a second primary');
  });
});

describe('up without a fitting server', () => {
  it('says how to install one', async () => {
    const stack = await createStack(newest('redis'), '--topology', 'standalone');
    const { exitCode, stderr } = await execa(
      'node',
      [join(stack.dir, '../../../../dist/cli.cjs'), 'up', stack.dir, '--native'],
      {
        env: { PATH: process.execPath.replace(/\/node$/, '') },
        extendEnv: false,
        reject: false,
      },
    );
    await stack.dispose();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no redis-server on the PATH[\s\S]*Install Redis 8\.2 or newer/);
  });
});
