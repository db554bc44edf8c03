import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { loginOf } from '../live/logins.ts';
import { until } from '../support/until.ts';
import { createStack, type DockerStack, type Finished, type NodeRow, newestImage } from './stack.ts';

interface Said {
  readonly code: number;
  readonly topology: { readonly title: string; readonly cluster: boolean };
  readonly findings: readonly {
    readonly id: string;
    readonly severity: string;
    readonly at: string;
    readonly message: string;
    readonly evidence: readonly string[];
    readonly remedy: string;
  }[];
  readonly nodes: readonly { readonly name: string; readonly at: string; readonly role: string }[];
  readonly sentinels: readonly { readonly name: string; readonly primary: string }[];
  readonly unseen: readonly unknown[];
  readonly silent: readonly { readonly at: string }[];
}

/** What is to be said of an engine, and of a machine that was busy while all started, however well a stack is made. */
const ABOUT_OTHERS = ['release-known-holes', 'release-out-of-support', 'latency-events'];

const doctor = (of: DockerStack, ...flags: readonly string[]): Promise<Finished> =>
  of.command('doctor', of.dir, ...flags, ...ABOUT_OTHERS.flatMap((id) => ['--ignore', id]));

async function asked(of: DockerStack): Promise<Said> {
  const { code, out, err } = await doctor(of, '--json');
  if (!out.startsWith('{')) throw new Error(out + err);
  return { ...(JSON.parse(out) as Omit<Said, 'code'>), code };
}

const bad = ({ findings }: Said) => findings.filter(({ severity }) => severity !== 'note');
const ids = (said: Said) => bad(said).map(({ id }) => id);

const rowOf = async (of: DockerStack, role: NodeRow['role']): Promise<NodeRow> => {
  const found = (await of.status()).nodes.find((node) => node.role === role);
  if (!found) throw new Error(`there is no ${role}`);
  return found;
};
const named = ({ name, host, port }: NodeRow): string => `${name} (${host}:${port})`;

describe('a Sentinel group of Redis in Compose', () => {
  let stack: DockerStack;
  beforeAll(async () => {
    stack = await createStack(newestImage('redis'), '--topology', 'sentinel', '--workload', 'primary-data');
    await stack.up();
  });
  afterAll(() => stack.dispose());

  it('is found whole: each node and Sentinel by its name, nothing to warn of', async () => {
    const said = await asked(stack);
    const { nodes } = await stack.status();
    const primary = await rowOf(stack, 'primary');
    expect(bad(said)).toEqual([]);
    expect([said.code, said.unseen, said.silent]).toEqual([0, [], []]);
    expect(said.topology).toEqual({ title: 'Sentinel group of 3 nodes and 3 Sentinels', cluster: false });
    expect([...said.nodes, ...said.sentinels].map(({ name }) => name).sort()).toEqual(
      nodes.map(named).sort(),
    );
    expect(said.nodes.filter(({ role }) => role === 'primary').map(({ name }) => name)).toEqual([
      named(primary),
    ]);
    // In their network they know it by another address.
    const at = `${primary.host}:${primary.port}`;
    expect(said.sentinels.map((one) => one.primary)).toEqual([at, at, at]);
  });

  it('misses a replica that was stopped, once and by the address it has here, until `up` has started it', async () => {
    const { name, host, port } = await rowOf(stack, 'replica');
    onTestFinished(async () => void (await stack.docker('start', stack.container(name))));
    await stack.docker('stop', stack.container(name));
    // Until then they try to reach it again, and it is down for one of them and not for another.
    const said = await until('each Sentinel to take it for lost', async () => {
      const now = await asked(stack);
      const lines = now.findings.flatMap(({ evidence }) => evidence);
      return lines.filter((one) => one.includes(`${host}:${port} flags=s_down`)).length === 3 && now;
    });
    expect([said.code, ids(said)]).toEqual([1, ['stale-replicas']]);
    expect(bad(said)[0]).toMatchObject({
      message: expect.stringContaining(`${host}:${port}`),
      remedy: expect.stringContaining('create-redis-stack up'),
    });
    const { out } = await doctor(stack, '--fix');
    expect(out).toContain(`create-redis-stack up ${stack.dir}`);
    expect(out).not.toContain('SENTINEL RESET');
    expect(said.silent.map(({ at }) => at)).toEqual([`${host}:${port}`]);
    await stack.up();
    expect(bad(await asked(stack))).toEqual([]);
  });
});

/** Under which a key without a TTL is never evicted. */
const POLICY = ['--set', 'memory.eviction=volatile-lfu'];

describe('a cluster of Valkey in Compose', () => {
  let stack: DockerStack;
  beforeAll(async () => {
    stack = await createStack(
      newestImage('valkey'),
      '--topology',
      'cluster',
      '--workload',
      'cache',
      ...POLICY,
    );
    await stack.up();
  });
  afterAll(() => stack.dispose());

  it('is found whole: each node by its name, nothing to warn of', async () => {
    const said = await asked(stack);
    const { nodes } = await stack.status();
    expect(bad(said)).toEqual([]);
    expect([said.code, said.unseen, said.silent, said.sentinels]).toEqual([0, [], [], []]);
    expect(said.topology).toEqual({ title: 'cluster of 3 shards, 6 nodes', cluster: true });
    const found = said.nodes.map(({ name, role }) => `${name} ${role}`).sort();
    expect(found).toEqual(nodes.map((node) => `${named(node)} ${node.role}`).sort());
  });

  it('names the command that gives a node back what its files say, and gives it when asked to', async () => {
    const node = await rowOf(stack, 'primary');
    const inside = (...words: readonly string[]) =>
      stack.command('exec', stack.dir, '--user', 'admin', '--node', node.name, '--', 'valkey-cli', ...words);
    await inside('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    const { code, out } = await doctor(stack, '--fix');
    expect(code).toBe(1);
    expect(out).toMatch(/^warning differs-from-model /m);
    expect(out).toContain(`${named(node)}: CONFIG SET maxmemory-policy volatile-lfu\n`);
    // It is refused in Compose.
    expect(out.split('Servers that differ from their files:')[1]).not.toContain('--live');
    const applied = await doctor(stack, '--apply', '--yes');
    expect([applied.code, applied.err]).toEqual([1, '']);
    expect(applied.out).toContain('the way back: CONFIG SET maxmemory-policy noeviction');
    expect(bad(await asked(stack))).toEqual([]);
  });

  it('sees keys that a cache would keep for ever, and changes the file that lets it, for `up` to take over', async () => {
    const node = await rowOf(stack, 'primary');
    const connection = await openConnection(node, loginOf(stack, 'app'));
    await fill(connection, 1200);
    connection.close();
    const found = bad(await asked(stack)).filter(({ id }) => id === 'no-ttl-in-a-cache');
    expect(found).toMatchObject([
      {
        at: named(node),
        message: expect.stringContaining('1,200 of 1,200 keys'),
        remedy: 'Give the keys of "view:{*}:*" a TTL where they are written.',
      },
    ]);
    onTestFinished(async () => void (await stack.command('update', stack.dir, ...POLICY)));
    const applied = await doctor(stack, '--apply', '--yes');
    expect([applied.code, applied.err]).toEqual([1, '']);
    expect(applied.out).toContain(
      `create-redis-stack update ${stack.dir} --set memory.eviction=allkeys-lru\n`,
    );
    expect(`${applied.out}\n`).toContain(
      `The containers take it over with: create-redis-stack up ${stack.dir}\n`,
    );
    expect(readFileSync(join(stack.dir, 'conf/redis.conf'), 'utf8')).toMatch(
      /^maxmemory-policy allkeys-lru$/m,
    );
  });
});

/** Writes keys without a TTL into one slot of this node. */
async function fill(connection: Connection, count: number): Promise<void> {
  for (let tag = 0; tag < 100; tag += 1) {
    const key = (i: number) => `view:{${tag}}:${i}`;
    const moved = await connection.call('SET', key(0), 'x').catch((error: Error) => error);
    if (moved instanceof Error) continue;
    await connection.batch(Array.from({ length: count }, (_, i) => ['SET', key(i), 'x']));
    return;
  }
  throw new Error('no slot of this node was found');
}
