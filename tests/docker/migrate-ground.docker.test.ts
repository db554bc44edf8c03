import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ground } from '../../src/migrate/types.ts';
import { type Connection, openConnection, withConnection } from '../../src/redis/connection.ts';
import { parseFields } from '../../src/redis/replies.ts';
import { passwordIn } from '../support/open-model.ts';
import { until } from '../support/until.ts';
import { type NextStack, nextStack } from './next-stack.ts';
import { createStack, type DockerStack, newestImage } from './stack.ts';

const ask = (next: NextStack, name: string, ...words: readonly string[]): Promise<unknown> =>
  withConnection(next.ground.member(name).at, next.credentials, (c) => c.call(...words));

const replication = async (next: NextStack, name: string) =>
  parseFields(await ask(next, name, 'INFO', 'replication'));

const linked = (next: NextStack, name: string) =>
  until(
    `${name} is linked`,
    async () => (await replication(next, name).catch(() => undefined))?.master_link_status === 'up',
  );

const idOf = (stack: DockerStack, name: string) =>
  stack.docker('inspect', '--format', '{{.Id}}', stack.container(name));

const volumes = async (stack: DockerStack) =>
  (await stack.docker('volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${stack.name}`))
    .split('\n')
    .sort();

/** The old node learns the users that only the new stack has. */
async function newUsers({ dir }: DockerStack, next: NextStack): Promise<void> {
  const known = next.before.users.map(({ name }) => name);
  for (const { name, rules } of next.after.users.filter((user) => !known.includes(user.name)))
    await ask(next, 'node-1', 'ACL', 'SETUSER', name, 'on', `>${passwordIn(dir, name)}`, ...rules);
}

/** Sets numbered keys at whoever is the primary, until it is ended; gives the numbers that were acknowledged. */
function writer(next: NextStack, names: readonly string[]): () => Promise<readonly number[]> {
  const acknowledged: number[] = [];
  let ended = false;
  const write = async () => {
    let primary: Connection | undefined;
    for (let i = 0; !ended; i++) {
      try {
        primary ??= await primaryAmong(next, names);
        await primary.call('SET', `n:${i}`, String(i));
        acknowledged.push(i);
      } catch {
        primary?.close();
        primary = undefined;
      }
      await sleep(5);
    }
    primary?.close();
  };
  const writing = write();
  return async () => {
    ended = true;
    await writing;
    return acknowledged;
  };
}

async function primaryAmong(next: NextStack, names: readonly string[]): Promise<Connection> {
  for (const name of names) {
    const c = await openConnection(next.ground.member(name).at, next.credentials, 1000).catch(
      () => undefined,
    );
    if (c === undefined) continue;
    if (parseFields(await c.call('INFO', 'replication')).role === 'master') return c;
    c.close();
  }
  throw new Error('nobody is the primary');
}

async function missing(
  next: NextStack,
  name: string,
  numbers: readonly number[],
): Promise<readonly number[]> {
  const values = (await ask(next, name, 'MGET', ...numbers.map((i) => `n:${i}`))) as (string | null)[];
  return numbers.filter((i, at) => values[at] !== String(i));
}

describe('a cluster node beside a standalone stack', () => {
  let stack: DockerStack;
  let next: NextStack;
  const name = 'shard-1-1';

  beforeAll(async () => {
    stack = await createStack(newestImage('redis'), '--topology', 'standalone', '--persistence', 'rdb');
    await stack.up();
    next = await nextStack(stack, '--topology', 'cluster');
    await ask(next, 'node-1', 'SET', 'n:1', '1');
  });
  afterAll(() => stack.dispose());

  const adopt = (ground: Ground, fresh = false) => {
    const { host, port } = next.ground.member('node-1').inside;
    return ground.start(name, { fresh, env: { STACK_ADOPT: `${host}:${port}` } });
  };

  it('runs on a port of its own, copies from the old one, and leaves it as it is', async () => {
    const old = await idOf(stack, 'node-1');
    await adopt(next.ground);
    const { at, inside, node } = next.ground.member(name);
    expect(node.port).toBe(next.ground.member('node-1').node.port);
    expect(at.port).not.toBe(node.port);
    expect(at.port).toBeLessThan(32_768);
    expect(inside).toEqual({ host: node.ip, port: node.port });
    await linked(next, name);
    expect(
      await ask(
        next,
        name,
        'CLUSTER',
        'COUNTKEYSINSLOT',
        String(await ask(next, name, 'CLUSTER', 'KEYSLOT', 'n:1')),
      ),
    ).toBe(1);
    expect(await idOf(stack, 'node-1')).toBe(old);
    expect(await next.ground.isRunning('node-1')).toBe(true);
    expect(await next.ground.logs(name, 50)).toContain('MASTER <-> REPLICA sync');
  });

  it('is found again by another run, and left alone', async () => {
    const id = await idOf(stack, name);
    const again = await next.again();
    expect(again.member(name).at).toEqual(next.ground.member(name).at);
    await adopt(again, true);
    expect(await idOf(stack, name)).toBe(id);
  });

  it('what an earlier node left is put aside, and outlives what never counted', async () => {
    await next.ground.stop(name);
    expect(await next.ground.isRunning(name)).toBe(false);
    await adopt(next.ground, true);
    await linked(next, name);
    const files = (await stack.docker('exec', stack.container(name), 'find', '/data/earlier')).split('\n');
    expect(files).toContain('/data/earlier/1/nodes.conf');
    expect(files).toContain('/data/earlier/1/dump.rdb');
    await next.ground.discard(name);
    expect(await volumes(stack)).toContain(`${stack.name}_${name}`);
    await stack.docker('volume', 'rm', `${stack.name}_${name}`);
  });

  it('what it never began is not its to discard', async () => {
    const volume = `${stack.name}_shard-3-1`;
    const image = `redis:${newestImage('redis').line}`;
    const words = ['--volume', `${volume}:/data`, '--entrypoint', 'touch', image, '/data/dump.rdb'];
    await stack.docker('volume', 'create', '--label', `com.docker.compose.project=${stack.name}`, volume);
    await stack.docker('run', '--rm', ...words);
    await next.ground.discard('shard-3-1');
    expect(await volumes(stack)).toContain(volume);
    await stack.docker('volume', 'rm', volume);
  });

  it('is discarded with its data, and the old one is not', async () => {
    await next.ground.start('shard-2-1', { fresh: true });
    expect(await volumes(stack)).toContain(`${stack.name}_shard-2-1`);
    await next.ground.discard('shard-2-1');
    expect(await volumes(stack)).toEqual([`${stack.name}_node-1`]);
    await expect(next.ground.discard('node-1')).rejects.toThrow(/may count/);
    expect(await ask(next, 'node-1', 'GET', 'n:1')).toBe('1');
    expect((await stack.status()).ready).toBe(true);
  });
});

describe('Sentinels and replicas beside a standalone stack with TLS, with writes all the time', () => {
  let stack: DockerStack;
  let next: NextStack;
  const data = ['node-1', 'node-2', 'node-3'];

  beforeAll(async () => {
    stack = await createStack(
      newestImage('valkey'),
      ...['--topology', 'standalone', '--persistence', 'rdb', '--tls'],
    );
    await stack.up();
    next = await nextStack(stack, '--topology', 'sentinel');
  });
  afterAll(() => stack.dispose());

  it('become the stack that the files say, and no acknowledged write is lost', async () => {
    const end = writer(next, data);
    const taken = createServer().listen(next.ground.member('node-2').node.port, '127.0.0.1');
    await newUsers(stack, next);
    for (const { name } of next.after.nodes) await next.ground.start(name);
    taken.close();
    const moved = next.ground.member('node-2');
    expect(moved.at.port).not.toBe(moved.node.port);
    for (const name of ['node-2', 'node-3']) await linked(next, name);
    await next.apply();
    const said: string[] = [];
    await next.ground.settle((text) => said.push(text));
    const acknowledged = await end();
    expect(said).toContain('making node-2 anew from compose.yaml');
    expect(next.ground.member('node-2').at.port).toBe(moved.node.port);
    expect((await stack.status()).ready).toBe(true);
    expect(acknowledged.length).toBeGreaterThan(100);
    for (const name of data) expect(await missing(next, name, acknowledged)).toEqual([]);
    const from = await stack.docker(
      'inspect',
      '--format',
      '{{index .Config.Labels "com.docker.compose.project.config_files"}}',
      ...next.after.nodes.map((node) => stack.container(node.name)),
    );
    expect(new Set(from.split('\n'))).toEqual(new Set([`${stack.dir}/compose.yaml`]));
  });

  it('a primary is stopped without handing over, and stays stopped', async () => {
    const back = await nextStack(stack, '--topology', 'standalone');
    const states = await Promise.all(
      data.map(async (name) => ({ name, role: (await replication(back, name)).role })),
    );
    const primary = states.find(({ role }) => role === 'master')?.name ?? '';
    const replicas = data.filter((name) => name !== primary);
    await back.ground.stop(primary);
    for (const name of replicas) expect((await replication(back, name)).role).toBe('slave');
    await sleep(1500);
    expect(await back.ground.isRunning(primary)).toBe(false);
    expect(await back.ground.logs(primary, 50)).not.toContain('handover');
  });
});
