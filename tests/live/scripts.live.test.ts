import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../../src/local/observe.ts';
import { openConnection, withConnection } from '../../src/redis/connection.ts';
import { engine, newest } from '../support/engines.ts';
import { passwordIn } from '../support/open-model.ts';
import { until } from '../support/until.ts';
import { createScriptStack, type ScriptStack } from './script-stack.ts';

const credentials = ({ dir }: ScriptStack) => ({ username: 'admin', password: passwordIn(dir, 'admin') });

const look = (stack: ScriptStack) => observe({ model: stack.model, credentials: credentials(stack) });

const whole = (stack: ScriptStack, timeoutMs = 40_000) =>
  until(
    'the stack is whole',
    async () => {
      const { missing } = await look(stack);
      if (missing.length > 0) throw new Error(missing.join('; '));
      return true;
    },
    { timeoutMs },
  );

const answers = (stack: ScriptStack, name: string) =>
  until(`${name} answers`, async () => {
    const connection = await stack.connect(name);
    const answer = await connection.call('PING');
    connection.close();
    return answer === 'PONG';
  });

async function startAll(stack: ScriptStack): Promise<void> {
  for (const { name } of stack.model.nodes) stack.start(name);
  if (stack.model.joins) await stack.join();
  await whole(stack);
}

async function stopAll(stack: ScriptStack): Promise<void> {
  for (const { name } of [...stack.model.nodes].reverse()) expect((await stack.stop(name)).code).toBe(0);
}

const keysOf = async (stack: ScriptStack): Promise<number> =>
  (await look(stack)).nodes.filter((n) => n.role === 'primary').reduce((sum, n) => sum + n.keys, 0);

/** In a cluster each primary takes those that are its own. */
async function fill(stack: ScriptStack): Promise<number> {
  for (const node of (await look(stack)).nodes.filter((n) => n.role === 'primary')) {
    await withConnection(node, credentials(stack), async (c) => {
      for (let i = 0; i < 100; i++) await c.call('SET', `key:${i}`, String(i)).catch(() => undefined);
      await c.call('WAIT', '1', '5000');
    });
  }
  return keysOf(stack);
}

describe('all nodes come back under other addresses', () => {
  let stack: ScriptStack | undefined;
  afterEach(() => stack?.dispose());

  it.each([
    ['redis', 'sentinel'],
    ['valkey', 'sentinel'],
    ['redis', 'cluster'],
    ['valkey', 'cluster'],
  ] as const)('%s, %s: whole again with its data, and every link up', async (name, topology) => {
    stack = await createScriptStack(newest(name), topology);
    await startAll(stack);
    const keys = await fill(stack);
    expect(keys).toBe(100);
    await stopAll(stack);
    stack.move('127.0.1.1');
    // Nobody introduces anybody: what each node remembers has to be right by itself.
    for (const node of stack.model.nodes) stack.start(node.name);
    await whole(stack, 30_000);
    expect(await keysOf(stack)).toBe(keys);
    const { nodes } = await look(stack);
    for (const { follows } of nodes.filter((n) => n.follows)) expect(follows).toMatch(/^127\.0\.1\.1:/);
    expect(stack.log(nodes[1]?.name ?? '')).not.toContain('127.0.0.1:');
  });

  it('a node of a cluster that was left out is healed by form-cluster.sh', async () => {
    stack = await createScriptStack(newest('redis'), 'cluster');
    await startAll(stack);
    await stopAll(stack);
    stack.move('127.0.1.1');
    // Without the list of nodes nothing is put right before the start.
    for (const node of stack.model.nodes) stack.start(node.name, { STACK_NODES: '' });
    await stack.join();
    await whole(stack, 30_000);
  });
});

type Place = readonly [stack: ScriptStack, node: string];
type Of = () => Place;

describe('a folder of another kind', () => {
  let copies = 0;
  const engines = { newer: newest('redis'), older: engine('redis', '7.0'), other: newest('valkey') };
  let cluster: ScriptStack;
  let group: ScriptStack;
  const stacks: ScriptStack[] = [];

  beforeAll(async () => {
    cluster = await createScriptStack(engines.newer, 'cluster');
    group = await createScriptStack(engines.newer, 'sentinel');
    stacks.push(cluster, group);
    await startAll(group);
    cluster.start('shard-1-1');
    await answers(cluster, 'shard-1-1');
    for (const [stack, name] of [
      [cluster, 'shard-1-1'],
      [group, 'node-1'],
    ] as const) {
      const connection = await stack.connect(name);
      if (stack === cluster) await connection.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until('it takes writes', async () => (await connection.call('SET', 'k', 'v')) === 'OK');
      connection.close();
      expect((await stack.stop(name)).code).toBe(0);
    }
    await group.stop('sentinel-1');
  });
  afterAll(async () => {
    for (const stack of stacks) await stack.dispose();
  });

  /** Starts a node over a copy of another node's folder; gives what it said, and which files are different now. */
  async function startOver([from, source]: Place, [to, target]: Place, hasNote: boolean) {
    const folder = join(to.dir, 'by-hand', `copy-${copies++}`);
    const data = join(folder, 'data');
    cpSync(join(from.folder(source), 'data'), data, { recursive: true });
    if (!hasNote) rmSync(join(data, '.stack-kind'));
    const before = texts(data);
    const environment = { STACK_DATA: data, STACK_RUN: join(folder, 'conf') };
    const ended = await to.script(target, 'start-node.sh', environment);
    const after = texts(data);
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return { ...ended, changed: names.filter((name) => before.get(name) !== after.get(name)) };
  }

  const clusterNode: Of = () => [cluster, 'shard-1-1'];
  const dataNode: Of = () => [group, 'node-1'];
  const watcher: Of = () => [group, 'sentinel-1'];

  it.each<readonly [kind: string, source: Of, target: Of]>([
    ['the data of a cluster node', clusterNode, dataNode],
    ['the data of a cluster node', clusterNode, watcher],
    ['the data of a node without slots', dataNode, clusterNode],
    ['the data of a node without slots', dataNode, watcher],
    ['the state of a Sentinel', watcher, dataNode],
    ['the state of a Sentinel', watcher, clusterNode],
  ])('holds %s: refused, and left as it is', async (kind, source, target) => {
    for (const hasNote of [true, false]) {
      const { code, log, changed } = await startOver(source(), target(), hasNote);
      expect(log).toContain(`holds ${kind}`);
      expect(log).toMatch(/Nothing was changed\. Choose .* restore/);
      expect(code).toBe(1);
      expect(changed).toEqual([]);
    }
  });

  it.each([
    ['a newer release', engines.older, /cannot be read by Redis server v=7\.0\S*: Can't handle RDB format/],
    ['another engine', engines.other, /cannot be read by Valkey server v=\S*: Foreign RDB version/],
  ] as const)('written by %s: refused with the reason', async (_, reader, said) => {
    const stack = await createScriptStack(reader, 'standalone');
    stacks.push(stack);
    const { code, log, changed } = await startOver(dataNode(), [stack, 'node-1'], true);
    expect(log).toMatch(said);
    expect(log).toContain('Nothing was changed.');
    expect(code).toBe(1);
    expect(changed).toEqual([]);
  });
});

/** Every file below a folder with what it holds. */
function texts(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, readFileSync(path, 'latin1')];
    }),
  );
}

describe('a secret with two lines', () => {
  it('lets both passwords in, and everything of ours uses the first', async () => {
    await using stack = disposable(await createScriptStack(newest('redis'), 'sentinel'));
    for (const user of ['admin', 'app', 'probe', 'replication', 'sentinel'])
      writeFileSync(join(stack.dir, '.secrets', user), `new-${user}\r\n${passwordIn(stack.dir, user)}\n`);
    const old = readFileSync(join(stack.dir, '.secrets/app'), 'utf8').split('\n')[1] ?? '';
    await startAll(stack);
    for (const password of ['new-app', old]) {
      const connection = await openConnection(
        { host: '127.0.0.1', port: stack.node('node-1').port },
        { username: 'app', password },
      );
      expect(await connection.call('PING')).toBe('PONG');
      connection.close();
    }
    expect((await stack.script('node-2', 'health.sh')).code).toBe(0);
    expect((await stack.script('sentinel-1', 'health.sh')).code).toBe(0);
    writeFileSync(join(stack.dir, '.secrets/probe'), 'wrong\n');
    expect((await stack.script('node-2', 'health.sh')).code).not.toBe(0);
  });
});

const disposable = (stack: ScriptStack) =>
  Object.assign(stack, { [Symbol.asyncDispose]: () => stack.dispose() });
