import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseEnv } from '../../src/workspace/secrets.ts';
import { type Engine, newest } from '../support/engines.ts';
import { startServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { createStack, type NodeRow, type Stack } from './stack.ts';

const stacks: Stack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(engine: Engine, ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(engine, ...flags);
  stacks.push(stack);
  await stack.up();
  return stack;
}

async function connect(stack: Stack, node: NodeRow): Promise<Connection> {
  const env = parseEnv(readFileSync(join(stack.dir, '.env'), 'utf8'));
  return openConnection(node, { username: 'admin', password: env.get('REDIS_ADMIN_PASSWORD') ?? '' });
}

async function onPrimary<T>(stack: Stack, use: (connection: Connection) => Promise<T>): Promise<T> {
  const primary = (await stack.status()).nodes.find((node) => node.role === 'primary');
  if (!primary) throw new Error('there is a primary');
  const connection = await connect(stack, primary);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

/** Other settings, then every node down and up again. */
async function changeAndRestart(stack: Stack, ...flags: readonly string[]): Promise<void> {
  expect((await stack.command('update', stack.dir, ...flags)).code).toBe(0);
  expect((await stack.down()).code).toBe(0);
  await stack.up();
}

const keys = (stack: Stack): Promise<readonly string[]> =>
  onPrimary(stack, async (c) => ((await c.call('KEYS', '*')) as string[]).sort());

describe('the trap', () => {
  it('is real: a server that is given a log over a snapshot begins with nothing', async () => {
    await using server = await startServer({ engine: newest('redis'), directives: [['save', '3600 1']] });
    await server.cli('SET', 'k', 'v');
    await server.cli('SAVE');
    await server.kill();
    await using again = await startServer({
      engine: newest('redis'),
      dir: server.dir,
      directives: [['appendonly', 'yes']],
    });
    expect(await again.cli('DBSIZE')).toBe('0');
  });
});

describe('another persistence between two starts', () => {
  it.each(['redis', 'valkey'] as const)(
    '%s: what is there stays, and what was deleted does not come back',
    async (name) => {
      const stack = await boot(newest(name), '--topology', 'standalone', '--persistence', 'rdb');
      await onPrimary(stack, (c) => c.call('MSET', 'first', '1', 'old', '1'));
      await changeAndRestart(stack, '--persistence', 'aof');
      expect(await keys(stack)).toEqual(['first', 'old']);
      await onPrimary(stack, (c) => c.call('SET', 'in-aof', '1'));
      await changeAndRestart(stack, '--persistence', 'rdb');
      expect(await keys(stack)).toEqual(['first', 'in-aof', 'old']);
      // The log of before still holds it.
      await onPrimary(stack, (c) => c.call('DEL', 'old'));
      await changeAndRestart(stack, '--persistence', 'hybrid');
      expect(await keys(stack)).toEqual(['first', 'in-aof']);
      await changeAndRestart(stack, '--persistence', 'none');
      expect(await keys(stack)).toEqual([]);
      await onPrimary(stack, (c) => c.call('SET', 'in-none', '1'));
      await changeAndRestart(stack, '--persistence', 'aof');
      expect(await keys(stack)).toEqual([]);
    },
  );

  it.each(['sentinel', 'cluster'])('%s: from snapshots to a log with every node down', async (kind) => {
    const stack = await boot(newest('redis'), '--topology', kind, '--persistence', 'rdb');
    const write = async (c: Connection) => {
      for (let i = 0; i < 200; i++) await c.call('SET', `{tag}:${i}`, String(i)).catch(elsewhere);
    };
    for (const node of (await stack.status()).nodes.filter((n) => n.role === 'primary')) {
      const c = await connect(stack, node);
      await write(c);
      c.close();
    }
    const held = async () =>
      (await stack.status()).nodes.filter((n) => n.role === 'primary').reduce((sum, n) => sum + n.keys, 0);
    expect(await held()).toBe(200);
    await changeAndRestart(stack, '--persistence', 'aof');
    expect(await held()).toBe(200);
  });

  it('a start that is killed while it carries the data over is made good by the next one', async () => {
    const stack = await boot(newest('redis'), '--topology', 'standalone', '--persistence', 'rdb');
    await onPrimary(stack, (c) => c.call('EVAL', 'for i=1,300000 do redis.call("SET",i,i) end', '0'));
    expect((await stack.command('update', stack.dir, '--persistence', 'aof')).code).toBe(0);
    await stack.down();
    for (const delay of [20, 80, 200, 400]) {
      const starting = stack.command('up', stack.dir, '--native', '--timeout', '30');
      await until('the node to start', () => isStarted(stack));
      await sleep(delay);
      // The shell alone, as a kill -9 of a node would: what it started goes on for a moment.
      await stack.signal('node-1');
      await starting;
      await stack.down();
    }
    await stack.up();
    expect((await stack.status()).nodes[0]?.keys).toBe(300_000);
    expect(await onPrimary(stack, (c) => c.call('GET', '299999'))).toBe('299999');
  });
});

describe('a Sentinel that comes back', () => {
  it('takes the settings of the file, and keeps what it learned', async () => {
    const stack = await boot(newest('redis'), '--topology', 'sentinel');
    const sentinel = (await stack.status()).nodes.find((n) => n.role === 'sentinel');
    if (!sentinel) throw new Error('there are Sentinels');
    const ask = async (...words: readonly string[]) => {
      const c = await connect(stack, sentinel);
      const reply = (await c.call(...words)) as string[];
      c.close();
      return reply;
    };
    await ask('SENTINEL', 'FAILOVER', 'mymaster');
    await until(
      'the failover',
      async () => (await stack.status()).ready && (await movedFrom(stack, 'node-1')),
      {
        timeoutMs: 40_000,
      },
    );
    const [, port] = await ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
    const five = ['--set', 'topology.sentinels=5', '--set', 'topology.quorum=4'];
    expect((await stack.command('update', stack.dir, ...five)).code).toBe(0);
    expect((await stack.down()).code).toBe(0);
    await stack.up();
    const facts = await ask('SENTINEL', 'MASTER', 'mymaster');
    expect(facts[facts.indexOf('quorum') + 1]).toBe('4');
    expect(facts[facts.indexOf('port') + 1]).toBe(port);
  });
});

async function movedFrom(stack: Stack, name: string): Promise<boolean> {
  return (await stack.status()).nodes.some((n) => n.role === 'primary' && n.name !== name);
}

/** In a cluster one of the primaries has the slot of the tag. */
function elsewhere(error: Error): void {
  if (!error.message.startsWith('MOVED')) throw error;
}

const seen = new Set<number>();

/** Whether the present `up` has recorded the process of the node. */
async function isStarted(stack: Stack): Promise<boolean> {
  const pid = stack.pid('node-1');
  if (seen.has(pid) || !(await stack.signal('node-1', 'SIGCONT'))) return false;
  seen.add(pid);
  return true;
}
