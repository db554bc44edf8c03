import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, withConnection } from '../../src/redis/connection.ts';
import { engine, newest, newestWithTls } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { createStack, type Stack } from './stack.ts';

const stacks: Stack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function running(of: Parameters<typeof createStack>[0], ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(of, '--set', 'targets=client', ...flags);
  stacks.push(stack);
  await stack.up();
  return stack;
}

const passwordOf = ({ dir }: Stack, user: string): string =>
  readFileSync(join(dir, '.secrets', user), 'utf8').trim();

async function asAdmin<T>(stack: Stack, ask: (c: Connection) => Promise<T>): Promise<T> {
  const { nodes } = await stack.status();
  const { host, port } = nodes.find(({ role }) => role === 'primary') ?? { host: '', port: 0 };
  const tls = existsSync(join(stack.dir, '.secrets/tls/ca.crt'))
    ? { tls: { ca: readFileSync(join(stack.dir, '.secrets/tls/ca.crt'), 'utf8') } }
    : {};
  const login = { username: 'admin', password: passwordOf(stack, 'admin'), ...tls };
  return withConnection({ host, port }, login, ask, 20_000);
}

describe('what stops a migration leaves the data where it was', () => {
  it('a copy that breaks off again and again', async () => {
    const stack = await running(engine('redis', '7.0'), '--topology', 'standalone', '--memory', '1Gi');
    await asAdmin(stack, async (c) => {
      const big = 'x'.repeat(100_000);
      for (let i = 0; i < 800; i++) await c.call('SET', `big:${i}`, big);
    });
    let isOver = false;
    const cutting = asAdmin(stack, async (c) => {
      while (!isOver) {
        await c.call('CLIENT', 'KILL', 'TYPE', 'replica');
        await sleep(20);
      }
    });
    const done = await stack.command(
      'migrate',
      stack.dir,
      '--topology',
      'cluster',
      '--yes',
      '--timeout',
      '40',
    );
    isOver = true;
    await cutting;
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/begun \d+ times and never ended/);
    expect(done.err).toContain('migrate --rollback');
    // Nothing goes on beside it, and all of it can be taken back.
    expect((await stack.command('update', stack.dir)).err).toContain('migrate --resume');
    expect((await stack.command('migrate', stack.dir, '--rollback')).code).toBe(0);
    const { nodes } = await stack.status();
    expect(nodes.map(({ name, role }) => [name, role])).toEqual([['node-1', 'primary']]);
    expect(await asAdmin(stack, (c) => c.call('STRLEN', 'big:799'))).toBe(100_000);
    expect(readFileSync(join(stack.dir, 'redis-stack.yaml'), 'utf8')).toContain('kind: standalone');
  });

  it('keys in another database, which a cluster has not: refused with the plan, nothing is begun', async () => {
    const stack = await running(newest('redis'), '--topology', 'standalone', '--set', 'databases=4');
    await asAdmin(stack, async (c) => {
      await c.call('SELECT', '3');
      await c.call('SET', 'elsewhere', '1');
    });
    const change = ['migrate', stack.dir, '--topology', 'cluster', '--set', 'databases=1'];
    const looked = await stack.command(...change, '--dry-run');
    expect(looked.code).toBe(1);
    expect(looked.out).toContain('takes over');
    expect(looked.out).toContain('in database 3');
    const done = await stack.command(...change, '--yes');
    expect(done.code).toBe(2);
    expect(existsSync(join(stack.dir, '.redis-stack/migrate'))).toBe(false);
    expect((await stack.status()).nodes).toHaveLength(1);
  });

  it('nobody to ask, and a stack that is as it is to be', async () => {
    const stack = await running(newest('valkey'), '--topology', 'standalone');
    const unasked = await stack.command('migrate', stack.dir, '--topology', 'sentinel');
    expect(unasked).toMatchObject({ code: 2 });
    expect(unasked.err).toContain('add --yes');
    const same = await stack.command('migrate', stack.dir, '--yes');
    expect(same).toMatchObject({ code: 0 });
    expect(same.out).toContain('nothing has to move');
  });
});

describe('a switch that was cut off between two orders', () => {
  it('is taken back with what the new primary has acknowledged, though the old one is a primary as well', async () => {
    const stack = await running(newest('redis'), '--topology', 'standalone');
    const journal = join(stack.dir, '.redis-stack/migrate/journal.json');
    const words = ['migrate', stack.dir, '--topology', 'cluster', '--yes'];
    const migrating = execa('node', [stack.cli, ...words], {
      env: stack.env,
      extendEnv: false,
      reject: false,
    });
    await until(
      'it has switched',
      () => existsSync(journal) && readFileSync(journal, 'utf8').includes('"files"'),
    );
    migrating.kill('SIGKILL');
    await migrating;
    const { places } = JSON.parse(readFileSync(journal, 'utf8')) as {
      places: Record<string, { port: number }>;
    };
    const login = { username: 'admin', password: passwordOf(stack, 'admin') };
    const on = <T>(name: string, ask: (c: Connection) => Promise<T>) =>
      withConnection({ host: '127.0.0.1', port: places[name]?.port ?? 0 }, login, ask);
    // As it was before the old one was told whom to follow.
    await on('node-1', async (c) => {
      await c.call('CONFIG', 'SET', 'min-replicas-to-write', '16');
      await c.call('REPLICAOF', 'NO', 'ONE');
    });
    await on('shard-1-1', (c) => c.call('SET', 'acknowledged', 'yes'));
    expect((await stack.command('migrate', stack.dir, '--rollback')).code).toBe(0);
    expect(await asAdmin(stack, (c) => c.call('GET', 'acknowledged'))).toBe('yes');
    expect(await asAdmin(stack, (c) => c.call('SET', 'after', 'yes'))).toBe('OK');
  });
});

describe('a server that speaks TLS', () => {
  it('is taken into a stack with TLS, which from then on trusts its own authority alone', async () => {
    const old = await running(newestWithTls('redis'), '--topology', 'standalone', '--tls');
    await asAdmin(old, (c) => c.call('MSET', 'a', '1', 'b', '2'));
    const port = (await old.status()).nodes[0]?.port;
    const next = await createStack(
      newestWithTls('redis'),
      '--topology',
      'sentinel',
      '--tls',
      '--set',
      'targets=client',
    );
    stacks.push(next);
    const tls = join(old.dir, '.secrets/tls');
    const trust = ['--ca', `${tls}/ca.crt`, '--cert', `${tls}/node-1.crt`, '--key', `${tls}/node-1.key`];
    const from = ['migrate', next.dir, '--from', `rediss://admin@127.0.0.1:${port}`, ...trust, '--yes'];
    Object.assign(next.env, { REDIS_SOURCE_PASSWORD: passwordOf(old, 'admin') });
    const done = await next.command(...from);
    expect(done).toMatchObject({ code: 0 });
    expect((await next.status()).ready).toBe(true);
    expect(await asAdmin(next, (c) => c.call('MGET', 'a', 'b'))).toEqual(['1', '2']);
    const trusted = await asAdmin(next, (c) => c.call('CONFIG', 'GET', 'tls-ca-cert-file'));
    expect(String(trusted)).toContain(join(next.dir, '.secrets/tls/ca.crt'));
    await expect(asAdmin(old, (c) => c.call('SET', 'a', '3'))).rejects.toThrow('NOREPLICAS');
  });
});
