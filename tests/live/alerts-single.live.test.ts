import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificate } from '../../src/certificates/issue.ts';
import { certificateNames } from '../../src/certificates/names.ts';
import { credentialsOf } from '../../src/local/credentials.ts';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseFields } from '../../src/redis/replies.ts';
import { realFiles } from '../../src/system.ts';
import { newestWithTls } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { expectHealthy, expectMetrics, expectPicture, seen } from './alert-stories.ts';
import { createStack, type Stack } from './stack.ts';
import { type Watch, watch } from './watch.ts';

let w: Watch;
const stacks: Stack[] = [];

beforeAll(async () => {
  const alone = ['--topology', 'standalone', '--targets', 'monitoring'];
  const make = async (engine: 'redis' | 'valkey', ...flags: readonly string[]) => {
    const stack = await createStack(newestWithTls(engine), ...alone, ...flags);
    stacks.push(stack);
    await stack.up();
  };
  await make('valkey', '--name', 'ledger', '--workload', 'primary-data', '--memory', '64Mi');
  await make(
    'redis',
    '--name',
    'carts',
    '--workload',
    'sessions',
    '--persistence',
    'none',
    '--memory',
    '64Mi',
  );
  await make('redis', '--name', 'vault', '--workload', 'cache', '--tls');
  w = await watch(stacks);
});

afterAll(async () => {
  await w?.close();
  for (const stack of stacks) {
    // One of them cannot write its log any more, and would not end by being asked.
    await killed(stack);
    await stack.dispose();
  }
});

async function killed(stack: Stack): Promise<void> {
  await stack.signal('node-1');
}

function of(name: string) {
  const found = w.stacks.find(({ facts }) => facts.stack === name);
  const [node] = found?.model.nodes ?? [];
  if (!found || !node) throw new Error(`no stack ${name}`);
  const open = () =>
    openConnection(
      { host: '127.0.0.1', port: node.port },
      credentialsOf(realFiles, found.stack.dir, 'admin', found.model),
      20_000,
    );
  return { ...found, node, open, data: join(found.stack.dir, '.redis-stack/run/node-1/data') };
}

async function ask<T>(name: string, words: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await of(name).open();
  try {
    return await words(connection);
  } finally {
    connection.close();
  }
}

const names = async (stack: string) => (await w.alerts(stack)).map(({ labels }) => labels.alertname);

const order = (name: string, ...words: readonly string[]) => ask(name, (c) => c.call(...words));
const BLOCK = 'x'.repeat(100_000);

/** Writes keys of 100 kB until INFO says so, or the server refuses. */
function fill(name: string, enough: (info: Readonly<Record<string, string>>) => boolean, ...ttl: string[]) {
  return ask(name, async (c) => {
    for (let i = 0; i < 3000; i++) {
      if (enough(parseFields(await c.call('INFO', 'everything')))) return;
      await c.call('SET', `fill:${randomBytes(6).toString('hex')}`, BLOCK, ...ttl);
    }
    throw new Error('it takes more and more');
  });
}

const nearly = (info: Readonly<Record<string, string>>) =>
  Number(info.used_memory) > 0.88 * Number(info.maxmemory);

describe('alerts on stacks of one node', () => {
  it('are silent while nothing is wrong', async () => {
    for (const name of ['ledger', 'carts', 'vault']) await order(name, 'SET', 'key', 'value', 'EX', '3600');
    await expectHealthy(w);
  });

  it('and every picture of the dashboard shows something', () =>
    expectPicture(w, 'ledger', 'carts', 'vault'));

  it('a standstill', async () => {
    const spin = (n: number) =>
      order('ledger', 'EVAL', `local x = 0 for i = 1, ${n} do x = x + i % 7 end return x`, '0');
    const began = Date.now();
    await spin(3_000_000);
    await spin(Math.ceil((3_000_000 * 1000) / Math.max(10, Date.now() - began)));
    await seen(w, 'ledger', 'RedisLatencySpike');
  });

  it('memory: near its limit, writes refused, another policy, keys dropped, more than the container has', async () => {
    await fill('ledger', nearly);
    await fill('carts', nearly);
    await seen(w, 'ledger', 'RedisMemoryNearLimit');
    await seen(w, 'carts', 'RedisMemoryKeptKeysNearLimit');
    await expect(fill('ledger', () => false)).rejects.toThrow(/OOM/);
    expect((await seen(w, 'ledger', 'RedisWritesRefused')).labels.err).toBe('OOM');
    // Those without a TTL fill nearly all, so these give way to each other.
    await fill('carts', (info) => Number(info.evicted_keys) > 3, 'EX', '3600');
    expect((await seen(w, 'carts', 'RedisEvictions')).labels.severity).toBe('warning');
    await order('ledger', 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await seen(w, 'ledger', 'RedisPolicyChanged');
    await fill('ledger', (info) => Number(info.evicted_keys) > 3);
    expect((await seen(w, 'ledger', 'RedisEvictions')).labels.severity).toBe('critical');
    await order('ledger', 'CONFIG', 'SET', 'maxmemory', '500mb', 'maxmemory-policy', 'noeviction');
    const limit = of('ledger').facts.limitBytes;
    await fill('ledger', (info) => Number(info.used_memory_rss) > limit);
    await seen(w, 'ledger', 'RedisRssNearLimit');
    // With save points it would also make a snapshot, and the last one is to grow old.
    await order('ledger', 'CONFIG', 'SET', 'save', '');
    await order('ledger', 'FLUSHALL', 'SYNC');
  });

  it('clients: too many, and turned away', async () => {
    const { node } = of('ledger');
    await order('ledger', 'CONFIG', 'SET', 'maxmemory-clients', '0');
    const sockets = await crowd(node.port, 8100);
    await seen(w, 'ledger', 'RedisClientsNearLimit');
    await ask('ledger', async (c) => {
      await c.call('CONFIG', 'SET', 'maxclients', '8050');
      // Its exporter is turned away as well, and says so.
      await seen(w, 'ledger', 'RedisConnectionsRejected');
      expect(await names('ledger')).not.toContain('RedisNodeDown');
      for (const socket of sockets) socket.destroy();
      await c.call('CONFIG', 'SET', 'maxclients', '10000');
    });
    await w.quiet('ledger', 'RedisClientsNearLimit');
  });

  it('what is kept: a snapshot that fails and grows old, a log that cannot be rewritten', async () => {
    const { data } = of('ledger');
    const dump = join(data, 'dump.rdb');
    rmSync(dump, { force: true });
    mkdirSync(dump);
    writeFileSync(join(dump, 'in-the-way'), '');
    await order('ledger', 'SET', 'key', 'value');
    await order('ledger', 'BGSAVE');
    await seen(w, 'ledger', 'RedisSnapshotFailed');
    const inTheWay = join(data, 'appendonlydir', nextLog(data, 'base.rdb'));
    mkdirSync(inTheWay);
    writeFileSync(join(inTheWay, 'in-the-way'), '');
    await order('ledger', 'BGREWRITEAOF');
    await seen(w, 'ledger', 'RedisLogRewriteFailed');
    await seen(w, 'ledger', 'RedisSnapshotOld', 90_000);
    rmSync(dump, { recursive: true });
    rmSync(inTheWay, { recursive: true });
    await order('ledger', 'BGSAVE');
    await w.quiet('ledger', 'RedisSnapshotFailed');
  });

  it('exporters: a wrong password, and gone', async () => {
    const trouble = async (name: string) => {
      const exporter = w.exporter(name, 'node-1');
      await exporter.kill();
      await seen(w, name, 'RedisExporterDown');
      await exporter.start('guess');
      await seen(w, name, 'RedisExporterRefused');
      expect(await names(name)).not.toContain('RedisNodeDown');
      await exporter.kill();
      await exporter.start();
      await w.quiet(name, 'RedisExporterRefused');
    };
    await Promise.all(['ledger', 'vault'].map(trouble));
  });

  it('certificates: three weeks, three days', async () => {
    await certify(15);
    await seen(w, 'vault', 'RedisCertificateExpiresSoon');
    expect(await names('vault')).not.toContain('RedisCertificateExpires');
    await certify(1);
    await seen(w, 'vault', 'RedisCertificateExpires');
  });

  it('nodes: down and back', async () => {
    for (const name of ['ledger', 'vault']) await killed(of(name).stack);
    await seen(w, 'vault', 'RedisTlsFailing');
    for (const name of ['ledger', 'vault'])
      expect((await seen(w, name, 'RedisNodeDown')).labels.severity).toBe('critical');
    await of('ledger').stack.up();
    await seen(w, 'ledger', 'RedisNodeRestarted');
    await w.quiet('ledger', 'RedisNodeDown');
  });

  it('a log that cannot be written', async () => {
    const { data } = of('ledger');
    symlinkSync('/dev/full', join(data, 'appendonlydir', nextLog(data, 'incr.aof')));
    await order('ledger', 'BGREWRITEAOF');
    await until('the log to fail', async () => {
      await order('ledger', 'SET', 'key', 'value').catch(() => undefined);
      return String(await order('ledger', 'INFO', 'persistence')).includes('aof_last_write_status:err');
    });
    await seen(w, 'ledger', 'RedisLogWriteFailed');
  });

  it('every figure that rules ask for was there', () => expectMetrics(w));
});

/** Idle connections, opened a few hundred at a time. */
async function crowd(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () =>
      connect({ host: '127.0.0.1', port }),
    );
    await Promise.all(
      some.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('error', resolve))),
    );
    for (const socket of some) socket.on('error', () => undefined);
    sockets.push(...some);
  }
  return sockets;
}

/** The name that the server will give the next part of its log. */
function nextLog(data: string, kind: 'base.rdb' | 'incr.aof'): string {
  const names = readdirSync(join(data, 'appendonlydir')).filter((name) => name.endsWith(kind));
  const last = Math.max(0, ...names.map((name) => Number(/\.(\d+)\./.exec(name)?.[1] ?? 0)));
  return `appendonly.aof.${last + 1}.${kind}`;
}

/** Gives the encrypted node a certificate that lasts so many days more. */
async function certify(days: number): Promise<void> {
  const { stack, node } = of('vault');
  const tls = join(stack.dir, '.secrets/tls');
  const read = (name: string) => readFileSync(join(tls, name), 'utf8');
  // Certificates last a year.
  const now = new Date(Date.now() - (365 - days) * 86_400_000);
  const authority = { certificate: read('ca.crt'), key: read('ca.key') };
  const pair = await issueCertificate(authority, node.name, certificateNames(node), { now, randomBytes });
  writeFileSync(join(tls, 'node-1.crt'), pair.certificate);
  writeFileSync(join(tls, 'node-1.key'), pair.key);
  await order(
    'vault',
    'CONFIG',
    'SET',
    'tls-cert-file',
    join(tls, 'node-1.crt'),
    'tls-key-file',
    join(tls, 'node-1.key'),
  );
}
