import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAll, makeAuthority } from '../../src/certificates/index.ts';
import { DAY_MS } from '../../src/certificates/inspect.ts';
import { writePair } from '../../src/local/certificates/pairs.ts';
import { type Renewed, renewCertificates } from '../../src/local/certificates/renew.ts';
import { findRunning } from '../../src/local/running.ts';
import { type Credentials, withConnection } from '../../src/redis/connection.ts';
import { servedSerial } from '../../src/redis/handshake.ts';
import { parsePairs } from '../../src/redis/replies.ts';
import { TOPOLOGY_KINDS } from '../../src/spec/types.ts';
import { realFiles, type System } from '../../src/system.ts';
import { readCertificateTexts } from '../../src/workspace/certificates.ts';
import { CA_CERTIFICATE } from '../../src/workspace/paths.ts';
import { engine, engines, newestWithTls } from '../support/engines.ts';
import { paired } from '../support/matrix.ts';
import { openModel } from '../support/open-model.ts';
import { until } from '../support/until.ts';
import { loginOf } from './logins.ts';
import { compileClient, createStack, type NodeRow, type Stack } from './stack.ts';
import { lost, writeThrough } from './write-through.ts';

const stacks: Stack[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(on: Parameters<typeof createStack>[0], ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(on, '--tls', ...flags);
  stacks.push(stack);
  await stack.up();
  await compileClient(stack.dir);
  return stack;
}

/** Another authority, which has signed nothing here. */
const stranger = makeAuthority('stranger', { now: new Date(), randomBytes }).then((pair) => pair.certificate);
const authorityOf = ({ dir }: Stack): string => readFileSync(join(dir, CA_CERTIFICATE), 'utf8');
const encrypted = (stack: Stack, ca = authorityOf(stack)): Credentials => ({
  ...loginOf(stack, 'admin'),
  tls: { ca },
});
const ask = (stack: Stack, node: NodeRow, ...words: readonly string[]): Promise<unknown> =>
  withConnection(node, encrypted(stack), (c) => c.call(...words));
const systemOf = ({ env }: Stack): System => ({
  files: realFiles,
  cwd: '/',
  env,
  interactive: false,
  randomBytes: (count) => randomBytes(count),
  out: () => undefined,
  err: () => undefined,
});

const data = (nodes: readonly NodeRow[]) => nodes.filter((node) => node.role !== 'sentinel');
const renewing = { timeoutSeconds: 30, onProgress: () => undefined };

async function renew(stack: Stack): Promise<readonly Renewed[]> {
  const model = openModel(stack.dir);
  const system = systemOf(stack);
  const running = await findRunning(system, stack.dir, model);
  return renewCertificates(system, stack.dir, model, running, renewing);
}

/** The ids of the application's connections to a node. */
async function connectionsOf(stack: Stack, node: NodeRow): Promise<readonly string[]> {
  const list = String(await ask(stack, node, 'CLIENT', 'LIST'));
  const own = list.split('\n').filter((line) => line.includes(' user=app '));
  return own.map((line) => /\bid=(\d+)/.exec(line)?.[1] ?? '').sort();
}

const first = engines().find((one) => one.name === 'redis') ?? newestWithTls('redis');
const matrix = paired(
  [engine('redis', first.line), newestWithTls('redis'), newestWithTls('valkey')],
  TOPOLOGY_KINDS,
).map(([on, kind]) => ({ kind, on, title: `${on.name} ${on.version}` }));

describe('a stack with TLS', () => {
  it.each(matrix)(
    '$kind on $title: encrypted alone, for its own authority, and renewed at work',
    async (row) => {
      const stack = await boot(row.on, '--topology', row.kind);
      const { nodes, ready } = await stack.status();
      expect(ready).toBe(true);
      for (const node of nodes) {
        // Sentinels have no CONFIG for this; that nobody else listens is seen by the refusal.
        await expect(
          withConnection(node, loginOf(stack, 'admin'), (c) => c.call('PING'), 1000),
        ).rejects.toThrow();
        await expect(
          withConnection(node, encrypted(stack, await stranger), (c) => c.call('PING')),
        ).rejects.toThrow('not from the authority');
      }
      for (const node of data(nodes)) {
        const settings = parsePairs(await ask(stack, node, 'CONFIG', 'GET', '*'));
        expect(settings).toMatchObject({
          port: '0',
          'tls-port': String(node.port),
          'tls-replication': 'yes',
        });
        expect(settings['tls-cluster']).toBe(row.kind === 'cluster' ? 'yes' : 'no');
        // The bus shows the same certificate: it is encrypted too.
        const bus = { host: node.host, port: Number(settings['cluster-port']) };
        if (bus.port > 0)
          expect(await servedSerial(bus, authorityOf(stack))).toBe(
            await servedSerial(node, authorityOf(stack)),
          );
      }

      const { stdout } = await stack.work('cache');
      expect(JSON.parse(String(stdout))).toEqual({ first: 1, hit: 1, fresh: 2, loads: 2 });
      await renewUnderWrites(stack, data(nodes));
    },
  );
});

/** A writer at work notices nothing: its connections are the same ones afterwards, and every write is there. */
async function renewUnderWrites(stack: Stack, nodes: readonly NodeRow[]): Promise<void> {
  const all = (await stack.status()).nodes;
  const serials = () => Promise.all(all.map((node) => servedSerial(node, authorityOf(stack))));
  const before = await serials();
  const writer = stack.work('write', 'w', '60');
  let acked = 0;
  const reading = (async () => {
    for await (const _ of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) acked++;
  })();
  await until('writes flow', () => acked > 200);
  const connections = () => Promise.all(nodes.map((node) => connectionsOf(stack, node)));
  const held = await connections();
  const renewed = await renew(stack);
  const atRenewal = acked;
  await until('writes flow on', () => acked > atRenewal + 200);
  expect(await connections()).toEqual(held);
  writer.stdin?.end();
  await Promise.all([writer, reading]);

  const shown = await serials();
  expect(new Set([...before, ...shown]).size).toBe(2 * all.length);
  expect(new Map(renewed.map((r) => [r.node, r.serial]))).toEqual(
    new Map(all.map((n, i) => [n.name, shown[i]])),
  );
  expect(new Set(renewed.map((r) => r.how))).toEqual(
    new Set(all.some((n) => n.role === 'sentinel') ? ['reloaded', 'restarted'] : ['reloaded']),
  );
  expect(await lost(stack, { acked, gapMs: 0 })).toEqual([]);
  expect((await stack.status()).ready).toBe(true);
}

const survivors = [
  { kind: 'sentinel', on: newestWithTls('redis'), title: 'newest redis' },
  { kind: 'cluster', on: newestWithTls('valkey'), title: 'newest valkey' },
] as const;

describe('the loss of a primary under writes', () => {
  it.each(survivors)(
    '$kind on $title, with TLS, ends in a failover without lost writes',
    async ({ kind, on }) => {
      const stack = await boot(on, '--topology', kind, '--workload', 'primary-data', '--library', 'ioredis');
      const primary = (await stack.status()).nodes.find((n) => n.role === 'primary');
      if (!primary) throw new Error('there is a primary');
      const written = await writeThrough(stack, () => stack.signal(primary.name));
      expect(await lost(stack, written)).toEqual([]);
      await stack.up();
      const after = await stack.status();
      expect(after.ready).toBe(true);
      expect(after.nodes.find((n) => n.name === primary.name)?.role).toBe('replica');
    },
  );
});

/** A node that was left alone for longer than its certificate was valid. */
async function showExpired(stack: Stack, node: NodeRow): Promise<void> {
  const model = openModel(stack.dir);
  const context = { now: new Date(Date.now() - 400 * DAY_MS), randomBytes };
  const pairs = await issueAll(model, readCertificateTexts(realFiles, stack.dir, model), context);
  const pair = pairs.get(node.name);
  if (!pair) throw new Error(`no certificate for ${node.name}`);
  await withConnection(node, encrypted(stack), async (c) => {
    writePair(realFiles, stack.dir, node.name, pair);
    const paths = parsePairs(await c.call('CONFIG', 'GET', 'tls-*-file'));
    const names = ['tls-cert-file', 'tls-key-file'];
    await c.call('CONFIG', 'SET', ...names.flatMap((name) => [name, paths[name] ?? '']));
  });
}

describe('certificates that cannot be used', () => {
  it('stop `up` before anything starts, and are renewed while nothing runs; `check` takes the files', async () => {
    const stack = await createStack(newestWithTls('redis'), '--tls', '--topology', 'sentinel');
    stacks.push(stack);
    const model = openModel(stack.dir);
    const texts = readCertificateTexts(realFiles, stack.dir, model);
    const old = { now: new Date(Date.now() - 400 * DAY_MS), randomBytes };
    for (const [node, pair] of await issueAll(model, texts, old)) writePair(realFiles, stack.dir, node, pair);
    const refused = await stack.command('up', stack.dir, '--native');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('expired on') });
    expect(refused.err).toContain('rotate --certificates');
    expect(realFiles.list(join(stack.dir, '.redis-stack/run'))).toBeUndefined();
    const checked = await stack.command(
      'check',
      stack.dir,
      '--only',
      'server,sentinel,certificates',
      '--json',
    );
    expect(checked.code).toBe(1);
    const { checks } = JSON.parse(checked.out) as { checks: { id: string; status: string }[] };
    expect(checks.map((c) => [c.id, c.status])).toEqual([
      ['server', 'ok'],
      ['sentinel', 'ok'],
      ['certificates', 'failed'],
    ]);

    const renewed = await renew(stack);
    expect(new Set(renewed.map((r) => r.how))).toEqual(new Set(['at-next-start']));
    await stack.up();
    expect((await stack.status()).ready).toBe(true);

    const replica = (await stack.status()).nodes.find((n) => n.name === 'node-3');
    if (!replica) throw new Error('there is a node-3');
    await showExpired(stack, replica);
    const { missing } = await stack.status();
    expect(missing).toEqual([expect.stringMatching(/^node-3 answers \(its certificate has expired/)]);
    expect((await renew(stack)).find((r) => r.node === 'node-3')?.how).toBe('reloaded');
    expect((await stack.status()).ready).toBe(true);

    const live = await stack.command('update', stack.dir, '--no-tls', '--live');
    expect(live).toMatchObject({ code: 2, err: expect.stringContaining('No server was touched') });
  });
});
