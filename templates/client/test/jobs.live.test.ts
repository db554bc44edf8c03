import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { engines, newest, newestWithTls } from '../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../tests/support/groups.ts';
import { freePort, type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { StackDescription } from '../src/description.js';
import { type Jobs, openJobs } from '../src/jobs.js';
import { slotOf } from '../src/slot.js';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

interface Mail {
  readonly to: string;
}

const opened: Jobs[] = [];
async function open(stack: StackDescription): Promise<Jobs> {
  const jobs = await openJobs({ stack, env });
  opened.push(jobs);
  return jobs;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((jobs) => jobs.close({ drainMs: 1000 })));
});

/** A job goes through a queue, is tried again, and says what became of it; flows reach over several queues. */
async function workJobs(stack: StackDescription, cli: (key: string, ...words: string[]) => Promise<string>) {
  const [here, there] = await Promise.all([open(stack), open(stack)]);
  const mails = here.queue<Mail, string>('mails');
  const seen: string[] = [];
  const worker = there.worker<Mail, string>('mails', async ({ data, attemptsMade }) => {
    seen.push(`${data.to} ${attemptsMade}`);
    if (data.to === 'bob' && attemptsMade === 0) throw new Error('no such mailbox');
    return `sent to ${data.to}`;
  });
  const events = here.events('mails');
  await events.waitUntilReady();
  const ann = await mails.add('welcome', { to: 'ann' });
  const bob = await mails.add('welcome', { to: 'bob' }, { attempts: 2, delay: 100 });
  expect(await ann.waitUntilFinished(events, 20_000)).toBe('sent to ann');
  expect(await bob.waitUntilFinished(events, 20_000)).toBe('sent to bob');
  expect(seen).toEqual(['ann 0', 'bob 0', 'bob 1']);
  expect(await mails.getJobCounts('completed', 'failed')).toEqual({ completed: 2, failed: 0 });
  there.worker('parts', async () => 1);
  const flow = await here.flows().add({
    name: 'whole',
    queueName: 'mails',
    data: { to: 'eve' },
    children: [{ name: 'part', queueName: 'parts', data: {} }],
  });
  expect(await flow.job.waitUntilFinished(events, 20_000)).toBe('sent to eve');
  expectTypeOf(worker).toHaveProperty('pause');
  const tag = '{jobs}';
  const keys = (await cli(tag, 'KEYS', '*')).split('\n');
  expect(keys.filter((key) => !key.startsWith('test:{jobs}:'))).toEqual([]);
  expect(new Set(keys.map(slotOf)).size).toBe(1);
  const names = (await cli(tag, 'CLIENT', 'LIST')).match(/ user=app /g) ?? [];
  const named =
    (await cli(tag, 'CLIENT', 'LIST')).match(/ name=(test|test:\S*|\S*bull\S*) .* user=app /g) ?? [];
  expect(named.length).toBe(names.length);
}

/** Jobs are added and worked on while `blow` is struck; each that was acknowledged is done. */
async function endure(stack: StackDescription, blow: () => Promise<void>) {
  const [here, there] = await Promise.all([open(stack), open(stack)]);
  const numbers = here.queue<{ readonly number: number }>('numbers');
  const done = new Set<number>();
  there.worker<{ readonly number: number }>('numbers', async ({ data }) => done.add(data.number));
  const added: number[] = [];
  let isOver = false;
  const adding = (async () => {
    for (let number = 0; !isOver; number++) {
      await numbers.add('count', { number }).then(
        () => added.push(number),
        // Refused at once where the connection is closed.
        () => sleep(50),
      );
    }
  })();
  onTestFinished(() => {
    isOver = true;
    return adding;
  });
  const reach = (count: number) =>
    until(`${count} are added`, () => added.length >= count, { timeoutMs: 60_000 });
  await reach(20);
  await blow();
  await reach(added.length + 20);
  isOver = true;
  await adding;
  const missing = () => added.filter((number) => !done.has(number));
  // One job may wait for its lock to end, and the last additions before the blow may be lost with the old primary.
  await until('all are done', () => missing().length <= 5, { timeoutMs: 60_000 });
}

describe.each([engines()[0] ?? newest('redis'), newest('valkey')])('jobs on $name $version', (engine) => {
  test('on one server', async () => {
    await using server = await startServer({ engine, directives: generatedUser(engine) });
    await workJobs(standaloneStack(server), (_key, ...words) => server.cli(...words));
    await Promise.all(opened.splice(0).map((jobs) => jobs.close()));
  });

  test('a server that evicts is refused', async () => {
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      const directives = [...generatedUser(engine), ['maxmemory-policy', policy]];
      await using server = await startServer({ engine, directives });
      const opening = openJobs({ stack: standaloneStack(server), env });
      await expect(opening).rejects.toMatchObject({
        code: 'redis/may-evict',
        message: expect.stringContaining(policy),
      });
      await until('nobody is left', async () => !(await server.cli('CLIENT', 'LIST')).includes('user=app'));
    }
  });
});

describe('jobs behind Sentinels', () => {
  const engine = newest('redis');
  let group: Awaited<ReturnType<typeof startSentinelGroup>>;
  beforeAll(async () => {
    const directives = generatedUser(engine);
    group = await startSentinelGroup({
      engine,
      replicas: 2,
      sentinels: 3,
      downAfterMs: 1000,
      failoverTimeoutMs: 4000,
      directives,
    });
    for (const sentinel of group.sentinels)
      await sentinel.cli(
        'ACL',
        'SETUSER',
        'watcher',
        'on',
        `>${sentinelPassword}`,
        ...generatedSentinelRules(engine),
      );
  });
  afterEach(async () => {
    await group.heal();
    await (await group.primary()).cli('FLUSHALL');
  });
  afterAll(() => group?.stop());
  const stack = () => sentinelStack(group.sentinels, group.primaryName);

  test('are worked on', () =>
    workJobs(stack(), async (_key, ...words) => (await group.agreedPrimary()).cli(...words)));

  test('outlast a primary that is killed', async () => {
    const old = await group.agreedPrimary();
    await endure(stack(), async () => {
      await old.kill();
      await group.failedOver(old);
    });
  });

  test('outlast a primary that is frozen', async () => {
    const old = await group.agreedPrimary();
    await endure(stack(), async () => {
      old.freeze();
      await group.failedOver(old);
    });
  });
});

describe('jobs on a cluster', () => {
  const engine = newest('redis');
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    const directives = generatedUser(engine);
    cluster = await startCluster({ engine, shards: 3, replicas: 1, nodeTimeoutMs: 1000, directives });
  });
  afterEach(async () => {
    await cluster.heal();
    for (const node of await cluster.primaries()) await node.cli('FLUSHALL');
  });
  afterAll(() => cluster?.stop());
  const stack = () => clusterStack(cluster.nodes);
  const primary = () => cluster.primary('test:{jobs}');
  const another = (old: Server) => until('another primary', async () => (await primary()) !== old);

  test('are worked on', () => workJobs(stack(), async (_key, ...words) => (await primary()).cli(...words)));

  test('outlast a primary that is killed', async () => {
    const old = await primary();
    await endure(stack(), async () => {
      await old.kill();
      await another(old);
    });
  });

  test('outlast a primary that is frozen', async () => {
    const old = await primary();
    await endure(stack(), async () => {
      old.freeze();
      await another(old);
    });
  });
});

test('over TLS, with the authority from the environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
      .concat(['-subj', '/CN=redis', '-addext', 'subjectAltName=DNS:redis.test'])
      .concat(['-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  const engine = newestWithTls('redis');
  const port = await freePort();
  const tls = [
    ['tls-port', String(port)],
    ['tls-cert-file', cert],
    ['tls-key-file', key],
    ['tls-ca-cert-file', cert],
    ['tls-auth-clients', 'no'],
  ];
  await using _server = await startServer({ engine, directives: [...generatedUser(engine), ...tls] });
  const stack = standaloneStack({ port });
  const trusted = { ...env, REDIS_TLS_CA: cert, REDIS_TLS_SERVER_NAME: 'redis.test' };
  const jobs = await openJobs({ stack, env: trusted });
  jobs.worker('secrets', async () => 'kept');
  const events = jobs.events('secrets');
  await events.waitUntilReady();
  const job = await jobs.queue('secrets').add('one', {});
  expect(await job.waitUntilFinished(events, 10_000)).toBe('kept');
  await jobs.close();
  const strange = openJobs({
    stack,
    env: { ...trusted, REDIS_TLS_SERVER_NAME: 'other' },
    connectWithinMs: 500,
  });
  await expect(strange).rejects.toMatchObject({ code: 'redis/unreachable' });
});

test('a server that is not there is told in time, and closing does not wait for one that hangs', async () => {
  const engine = newest('redis');
  const stack = standaloneStack({ port: await freePort() });
  await expect(openJobs({ stack, env, connectWithinMs: 300 })).rejects.toMatchObject({
    code: 'redis/unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await using server = await startServer({ engine, directives: generatedUser(engine) });
  await expect(
    openJobs({ stack: standaloneStack(server), env: { APP_PASSWORD: 'wrong' }, connectWithinMs: 500 }),
  ).rejects.toMatchObject({ code: 'redis/unreachable', message: expect.stringContaining('WRONGPASS') });
  const jobs = await openJobs({ stack: standaloneStack(server), env });
  let began = false;
  jobs.worker('slow', () => {
    began = true;
    return new Promise(() => {});
  });
  await jobs.queue('slow').add('one', {});
  await until('it has begun', () => began);
  server.freeze();
  const start = performance.now();
  await jobs.close({ drainMs: 200 });
  expect(performance.now() - start).toBeLessThan(5000);
});
