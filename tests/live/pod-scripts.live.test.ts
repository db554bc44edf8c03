import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAll } from '../../src/certificates/index.ts';
import { writePair } from '../../src/local/certificates/pairs.ts';
import { openConnection } from '../../src/redis/connection.ts';
import { servedSerial } from '../../src/redis/handshake.ts';
import { parsePairs } from '../../src/redis/replies.ts';
import { realFiles } from '../../src/system.ts';
import { readCertificateTexts } from '../../src/workspace/certificates.ts';
import { CA_CERTIFICATE } from '../../src/workspace/paths.ts';
import { newest } from '../support/engines.ts';
import { openModel, passwordIn } from '../support/open-model.ts';
import { hasEnded, signalGroup } from '../support/process.ts';
import { until } from '../support/until.ts';
import { createScriptStack, type Environment, type ScriptStack } from './script-stack.ts';
import { createStack } from './stack.ts';

const scripts = fileURLToPath(new URL('../../templates/compose/scripts/', import.meta.url));
const children: ChildProcess[] = [];
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    signalGroup(child, 'SIGKILL');
    if (!hasEnded(child)) await once(child, 'exit');
  }
  for (const close of closing.splice(0)) await close();
});

/** A process group that the test ends. */
function run(script: string, env: Environment): void {
  children.push(spawn('sh', [script], { env, detached: true, stdio: 'ignore' }));
}

/** What a pod of the chart has: its name, the list of all nodes, and a variable for the Service of each. */
function podEnvironment(stack: ScriptStack, name: string): Environment {
  const { STACK_SERVER = '', STACK_CLI = '', PATH = '', ...own } = stack.environment(name);
  const { STACK_BIND = '', STACK_RUN = '', STACK_DATA = '', STACK_SECRETS = '' } = own;
  const list = stack.model.nodes.map(
    (node) => `${node.name} ${node.port} 0 ${node.shard} ${node.role === 'sentinel' ? 'sentinel' : 'data'}`,
  );
  const services = stack.model.nodes.map(
    (node) => [`${node.name.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`, node.ip] as const,
  );
  mkdirSync(stack.folder(name), { recursive: true });
  return {
    ...{ PATH, STACK_SERVER, STACK_CLI, STACK_BIND, STACK_RUN, STACK_DATA, STACK_SECRETS },
    ...Object.fromEntries(services),
    STACK_POD: name,
    STACK_LIST: list.join('\n'),
    STACK_REFRESH: '1',
  };
}

async function startPods(): Promise<ScriptStack> {
  const stack = await createScriptStack(newest('redis'), 'sentinel');
  closing.push(() => stack.dispose());
  const folder = join(stack.dir, 'conf/scripts');
  for (const script of ['pod.sh', 'probe.sh', 'refresh.sh'])
    copyFileSync(join(scripts, script), join(folder, script));
  // `pod.sh` without a word is a server.
  for (const { name } of stack.model.nodes) run(join(folder, 'pod.sh'), podEnvironment(stack, name));
  return stack;
}

const probe = async (stack: ScriptStack, name: string, question: string): Promise<boolean> => {
  const words = [join(stack.dir, 'conf/scripts/probe.sh'), question];
  const { exitCode } = await execa('sh', words, {
    env: podEnvironment(stack, name),
    extendEnv: false,
    reject: false,
  });
  return exitCode === 0;
};

const logsIn = async (stack: ScriptStack, name: string, user: string, password: string): Promise<boolean> => {
  const { ip: host, port } = stack.node(name);
  const connection = await openConnection({ host, port }, { username: user, password }).catch(
    () => undefined,
  );
  connection?.close();
  return connection !== undefined;
};

describe('a Sentinel group started as pods are', () => {
  it('answers the probes, and takes up new passwords without a restart', async () => {
    const stack = await startPods();
    const names = stack.model.nodes.map((node) => node.name);
    const ready = async () =>
      (await Promise.all(names.map((name) => probe(stack, name, 'ready')))).every(Boolean);
    await until('all are ready', ready, { timeoutMs: 60_000 });
    for (const question of ['started', 'alive'])
      expect(await probe(stack, 'sentinel-1', question)).toBe(true);
    const users = [...new Set([...stack.model.users, ...(stack.model.sentinel?.users ?? [])])].map(
      (u) => u.name,
    );
    const old = new Map(users.map((user) => [user, passwordIn(stack.dir, user)]));
    const started = await runIds(stack);

    for (const [user, password] of old)
      writeFileSync(join(stack.dir, '.secrets', user), `new-${user}\n${password}\n`);
    const everywhere = (user: string, password: string, expected: boolean) =>
      until(`${user} ${expected ? 'may' : 'may not'} log in with ${password.slice(0, 4)}`, async () => {
        const may = await Promise.all(names.map((name) => logsIn(stack, name, user, password)));
        return may.every((one) => one === expected);
      });
    await everywhere('app', 'new-app', true);
    expect(await logsIn(stack, 'node-1', 'app', old.get('app') ?? '')).toBe(true);
    for (const [user] of old) writeFileSync(join(stack.dir, '.secrets', user), `new-${user}\n`);
    await everywhere('app', old.get('app') ?? '', false);

    expect(await runIds(stack)).toEqual(started);
    // What servers say to each other: every connection is made anew with what was taken up.
    const primary = await stack.connect('node-1');
    for (const user of ['replication', 'sentinel']) await primary.call('CLIENT', 'KILL', 'USER', user);
    await until('replicas are linked again', async () =>
      String(await primary.call('INFO', 'replication')).includes('connected_slaves:2'),
    );
    primary.close();
    const watcher = await stack.connect('sentinel-1');
    await until('the Sentinel has its primary again', async () => {
      const facts = parsePairs(await watcher.call('SENTINEL', 'MASTER', 'mymaster'));
      return facts.flags === 'master' && facts['num-other-sentinels'] === '2';
    });
    watcher.close();
  });
});

/** Another one after each start of a server. */
async function runIds(stack: ScriptStack): Promise<readonly string[]> {
  return Promise.all(
    stack.model.nodes.map(async ({ name }) => {
      const connection = await stack.connect(name);
      const info = String(await connection.call('INFO', 'server'));
      connection.close();
      return /^run_id:(\S+)/m.exec(info)?.[1] ?? '';
    }),
  );
}

it('a new certificate on disk is shown by the running server', async () => {
  const stack = await createStack(newest('valkey'), '--tls', '--topology', 'standalone');
  closing.push(() => stack.dispose());
  await stack.up();
  const [node] = (await stack.status()).nodes;
  if (!node) throw new Error('there is a node');
  const ca = readFileSync(join(stack.dir, CA_CERTIFICATE), 'utf8');
  const before = await servedSerial(node, ca);
  const pairs = join(stack.dir, '.secrets/tls');
  const refresh = join(stack.dir, 'conf/scripts/refresh.sh');
  copyFileSync(join(scripts, 'refresh.sh'), refresh);
  run(refresh, {
    PATH: stack.env.PATH ?? '',
    STACK_KIND: 'data',
    STACK_CLI: openModel(stack.dir).engine.cli,
    STACK_PORT: String(node.port),
    STACK_BIND: node.host,
    STACK_RUN: join(stack.dir, '.redis-stack/run', node.name, 'conf'),
    STACK_SECRETS: join(stack.dir, '.secrets'),
    STACK_TLS_CA: join(pairs, 'ca.crt'),
    STACK_TLS_CERT: join(pairs, `${node.name}.crt`),
    STACK_TLS_KEY: join(pairs, `${node.name}.key`),
    STACK_REFRESH: '1',
  });
  const model = openModel(stack.dir);
  const context = { now: new Date(), randomBytes };
  // Once it has seen what was there: a change before its first look would be none.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const made = await issueAll(model, readCertificateTexts(realFiles, stack.dir, model), context);
  const pair = made.get(node.name);
  if (!pair) throw new Error(`no certificate for ${node.name}`);
  writePair(realFiles, stack.dir, node.name, pair);
  await until('another certificate is shown', async () => (await servedSerial(node, ca)) !== before);
  expect((await stack.status()).ready).toBe(true);
});
