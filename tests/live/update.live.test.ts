import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/redis/connection.ts';
import { parsePairs } from '../../src/redis/replies.ts';
import { parseEnv } from '../../src/workspace/secrets.ts';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { compileClient, createStack, type NodeRow, type Stack } from './stack.ts';
import { lost, writeThrough } from './write-through.ts';

const stacks: Stack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(name: 'redis' | 'valkey', ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(newest(name), ...flags);
  stacks.push(stack);
  await stack.up();
  return stack;
}

function edit(stack: Stack, path: string, change: (text: string) => string): void {
  const file = join(stack.dir, path);
  const text = readFileSync(file, 'utf8');
  if (change(text) === text) throw new Error(`the edit of ${path} changes nothing`);
  writeFileSync(file, change(text));
}

const liveUpdate = (stack: Stack, ...words: readonly string[]) =>
  stack.command('update', stack.dir, '--live', '--timeout', '60', ...words);

async function ask(stack: Stack, node: NodeRow, ...words: readonly string[]): Promise<unknown> {
  const env = parseEnv(readFileSync(join(stack.dir, '.env'), 'utf8'));
  const credentials = { username: 'admin', password: env.get('REDIS_ADMIN_PASSWORD') ?? '' };
  return withConnection(node, credentials, (c) => c.call(...words));
}

const isData = (node: NodeRow) => node.role !== 'sentinel';

/** What every data node says of a setting. */
async function setting(stack: Stack, name: string): Promise<readonly (string | undefined)[]> {
  const { nodes } = await stack.status();
  return Promise.all(
    nodes.filter(isData).map(async (node) => parsePairs(await ask(stack, node, 'CONFIG', 'GET', name))[name]),
  );
}

async function pids(stack: Stack): Promise<Readonly<Record<string, number>>> {
  const { nodes } = await stack.status();
  return Object.fromEntries(nodes.map(({ name }) => [name, stack.pid(name)]));
}

const groups = (['sentinel', 'cluster'] as const).flatMap((kind) =>
  (['redis', 'valkey'] as const).map((name) => ({ kind, name })),
);

describe('update --live under writes of the emitted client', () => {
  it.each(groups)('$kind on $name: no acknowledged write is lost', async ({ kind, name }) => {
    const stack = await boot(name, '--topology', kind, '--workload', 'primary-data');
    await compileClient(stack.dir);
    edit(stack, 'conf/redis.conf', (t) => t.replace('tcp-backlog 511', 'tcp-backlog 300'));
    const before = await pids(stack);
    const written = await writeThrough(stack, async () => {
      const { code, out, err } = await liveUpdate(stack, '--memory', '2Gi');
      expect([code, err], out).toEqual([0, '']);
    });
    expect(await lost(stack, written)).toEqual([]);
    expect(written.gapMs).toBeLessThan(15_000);
    expect(new Set(await setting(stack, 'tcp-backlog'))).toEqual(new Set(['300']));
    const [, megabytes] =
      /^maxmemory (\d+)mb$/m.exec(readFileSync(join(stack.dir, 'conf/redis.conf'), 'utf8')) ?? [];
    const bytes = String(Number(megabytes) * 2 ** 20);
    expect(new Set(await setting(stack, 'maxmemory'))).toEqual(new Set([bytes]));
    const after = await pids(stack);
    const moved = Object.keys(after).filter((node) => after[node] !== before[node]);
    expect(moved).toHaveLength((await stack.status()).nodes.filter(isData).length);
    const again = await liveUpdate(stack);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('have all of it already')]);
    expect(await pids(stack)).toEqual(after);
  });
});

describe('what needs no restart', () => {
  it('users, Sentinel settings and limits reach every node, and no process changes', async () => {
    const stack = await boot('redis', '--topology', 'sentinel');
    const before = await pids(stack);
    edit(stack, 'conf/users.acl', (t) => t.replace('user probe on +ping', 'user probe on +ping +time'));
    edit(stack, 'conf/sentinel.conf', (t) =>
      t.replace('down-after-milliseconds mymaster 5000', 'down-after-milliseconds mymaster 7000'),
    );
    edit(stack, 'conf/redis.conf', (t) => t.replace('slowlog-max-len 256', 'slowlog-max-len 99'));
    const dry = await liveUpdate(stack, '--dry-run');
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('slowlog-max-len 256 → 99')]);
    expect(new Set(await setting(stack, 'slowlog-max-len'))).toEqual(new Set(['256']));
    const { code, out, err } = await liveUpdate(stack);
    expect([code, err], out).toEqual([0, '']);
    expect(new Set(await setting(stack, 'slowlog-max-len'))).toEqual(new Set(['99']));
    for (const node of (await stack.status()).nodes) {
      if (isData(node)) {
        const probe = parsePairs(await ask(stack, node, 'ACL', 'GETUSER', 'probe'));
        expect(probe.commands).toContain('+time');
      } else {
        const facts = parsePairs(await ask(stack, node, 'SENTINEL', 'MASTER', 'mymaster'));
        expect(facts['down-after-milliseconds']).toBe('7000');
      }
    }
    expect(await pids(stack)).toEqual(before);
    // What was set is what the next start takes: nothing is left to do after one.
    await stack.down();
    await stack.up();
    expect((await liveUpdate(stack)).out).toContain('have all of it already');
  });

  it('an append-only file is switched on in place, and holds everything', async () => {
    const stack = await boot('valkey', '--topology', 'cluster', '--persistence', 'rdb');
    await compileClient(stack.dir);
    const written = await writeThrough(stack, async () => {
      const { code, out, err } = await liveUpdate(stack, '--persistence', 'aof');
      expect(code, out + err).toBe(0);
    });
    expect(new Set(await setting(stack, 'appendonly'))).toEqual(new Set(['yes']));
    // The log alone has to give it all back.
    const nodes = (await stack.status()).nodes;
    for (const node of nodes) await stack.signal(node.name);
    for (const node of nodes)
      expect(existsSync(join(stack.dir, '.redis-stack/run', node.name, 'data/appendonlydir'))).toBe(true);
    await stack.up();
    expect(await lost(stack, written)).toEqual([]);
  });
});

describe('when something is wrong', () => {
  it('a line that the server refuses reaches no running one', async () => {
    const stack = await boot('redis', '--topology', 'sentinel');
    const before = await pids(stack);
    edit(stack, 'conf/redis.conf', (t) => `${t}maxmemry 1gb\nslowlog-max-len 99\n`);
    const { code, out } = await liveUpdate(stack);
    expect([code, out]).toEqual([1, expect.stringMatching(/no running server was touched[\s\S]*maxmemry/)]);
    expect(await pids(stack)).toEqual(before);
    expect(new Set(await setting(stack, 'slowlog-max-len'))).toEqual(new Set(['256']));
  });

  it('it stops at the first node that does not come back, and goes on there when that is mended', async () => {
    const stack = await boot('redis', '--topology', 'sentinel', '--persistence', 'aof');
    const before = await pids(stack);
    const replica = (await stack.status()).nodes.find((node) => node.role === 'replica');
    if (!replica) throw new Error('there are replicas');
    const folder = join(stack.dir, '.redis-stack/run', replica.name, 'data/appendonlydir');
    // After its first synchronisation a replica writes its log anew.
    await until('the logs at rest', async () => {
      const info = String(await ask(stack, replica, 'INFO', 'persistence'));
      return /aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info);
    });
    const base = join(folder, readdirSync(folder).find((name) => name.endsWith('.base.rdb')) ?? '');
    const sound = readFileSync(base);
    edit(stack, 'conf/redis.conf', (t) => t.replace('tcp-backlog 511', 'tcp-backlog 300'));
    writeFileSync(base, 'nonsense');
    const failed = await stack.command('update', stack.dir, '--live', '--timeout', '10');
    expect(failed.code).toBe(1);
    expect(failed.out).toContain(replica.name);
    const others = Object.entries(before).filter(([name]) => name !== replica.name);
    for (const [name, pid] of others) expect([name, stack.pid(name)]).toEqual([name, pid]);
    expect((await stack.status()).nodes.find((n) => n.role === 'primary')?.state).toBe('up');

    writeFileSync(base, sound);
    // A node that is down is started by `up`; what is left to do is done after it.
    await stack.up();
    const { code, out, err } = await liveUpdate(stack);
    expect(code, out + err).toBe(0);
    expect(new Set(await setting(stack, 'tcp-backlog'))).toEqual(new Set(['300']));
  });

  it('a stack that does not run, or runs another topology, is left alone', async () => {
    const stack = await boot('redis', '--topology', 'standalone');
    const other = await liveUpdate(stack, '--topology', 'sentinel');
    expect([other.code, other.out + other.err]).toEqual([
      2,
      expect.stringContaining('Another topology runs here'),
    ]);
    await stack.down();
    const gone = await liveUpdate(stack);
    expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('Nothing of this stack runs')]);
  });
});
