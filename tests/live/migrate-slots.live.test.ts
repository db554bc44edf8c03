import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addNode,
  type ClusterMember,
  expectWhole,
  moveSlots,
  removeNode,
  type ShardWish,
  verifyCluster,
} from '../../src/migrate/slots/index.ts';
import type { Problem } from '../../src/problem.ts';
import { engine } from '../support/engines.ts';
import { leash } from '../support/leash.ts';
import type { Server } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { alone, type Lab, PASSWORD, startLab } from './migrate-slots-cluster.ts';
import { connect, type Library, missingSeeds, seed, Writer } from './migrate-slots-writer.ts';

const KEYS = 20_000;
const NOTHING_LOST = { lost: [], resurrected: [], wrong: [], failures: [] };

/** A lab with data, and somebody who writes to it. */
async function underWrites(lab: Lab, library: Library = 'ioredis', keys = KEYS) {
  const ports = lab.servers.map(({ port }) => port);
  const client = await connect(library, ports, PASSWORD);
  await seed(client, keys);
  const writer = new Writer(client);
  return {
    writer,
    /** Ends the writing and counts. */
    reckon: async () => {
      const reader = await connect('ioredis', await living(lab), PASSWORD);
      try {
        const account = await writer.account(reader);
        return { ...account, missingSeeds: await missingSeeds(reader, keys) };
      } finally {
        reader.close();
        client.close();
      }
    },
  };
}

async function living(lab: Lab): Promise<readonly number[]> {
  const answers = await Promise.allSettled(lab.servers.map((server) => server.cli('PING')));
  return lab.servers.flatMap(({ port }, i) => (answers[i]?.status === 'fulfilled' ? [port] : []));
}

const enlarge = async (lab: Lab, count: number) => {
  const joined: ClusterMember[] = [];
  for (let i = 0; i < count; i += 1) {
    const member = await lab.fresh();
    await addNode({ cluster: lab.members(), member });
    joined.push(member);
  }
  return joined;
};

/** Moves until the first so many of these members have equal shares and the others nothing. */
async function spread(lab: Lab, members: readonly ClusterMember[], over: number) {
  const wishes = alone(members, (i) => (i < over ? 1 : 0));
  const result = await moveSlots({ cluster: lab.members(), wishes });
  expect(result.complete).toBe(true);
  const { keys } = await expectWhole(lab.members());
  for (const { name } of members.slice(over)) expect(keys.get(name)).toBe(0);
  return result;
}

describe.each([
  // Key by key takes a minute to six and back; the shorter way meets the same code.
  ['redis', '7.0', 'ioredis', 'by-key', [3]],
  ['valkey', '9.1', 'node-redis', 'atomic', [3, 6, 3]],
] as const)('slots of %s %s under writes through %s', (name, line, library, way, sizes) => {
  it('go from one node to more and back to one; nothing is lost, no call fails', async () => {
    await using lab = await startLab({ engine: engine(name, line), shards: 1 });
    await lab.servers[0]?.cli(
      'FUNCTION',
      'LOAD',
      "#!lua name=lab\nredis.register_function('lab', function() return 1 end)",
    );
    const { writer, reckon } = await underWrites(lab, library);
    const most = Math.max(...sizes);
    for (const size of sizes) {
      const present = lab.members().members.length;
      if (size > present) await enlarge(lab, size - present);
      expect(await spread(lab, lab.members().members, size)).toMatchObject({ way });
    }
    for (const server of lab.servers) expect(await server.cli('FUNCTION', 'LIST')).toContain('lab');
    const members = lab.members().members;
    expect(members).toHaveLength(most);
    await spread(lab, members, 1);
    const leaving = members.slice(1);
    await Promise.all(leaving.map((member) => removeNode({ cluster: lab.members(), member, graceMs: 2000 })));
    const before = writer.acknowledged;
    await until('writes go on', () => writer.acknowledged > before + 500);
    expect(await lab.servers[0]?.cli('CLUSTER', 'NODES')).not.toContain('\n');
    const account = await reckon();
    expect(account).toMatchObject({ ...NOTHING_LOST, missingSeeds: 0 });
    expect(account.acknowledged).toBeGreaterThan(2000);
  });
});

describe('a mover that is killed', () => {
  let folder: string;
  let mover: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mover-'));
    mover = join(folder, 'mover.cjs');
    await build({
      entryPoints: [fileURLToPath(new URL('migrate-slots-mover.ts', import.meta.url))],
      outfile: mover,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a mover until it has moved so many slots, and then kills it. */
  async function killAfter(slots: number, lab: Lab, wishes: readonly ShardWish[]): Promise<void> {
    const words = JSON.stringify({ cluster: lab.members(), wishes });
    const child = spawn(process.execPath, [mover, words], { stdio: ['ignore', 'pipe', 'inherit'] });
    leash(child);
    const ended = once(child, 'exit');
    for await (const done of createInterface(child.stdout)) if (Number(done) >= slots) child.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
  }

  it.each([
    ['redis', '8.0'],
    ['valkey', '9.1'],
  ] as const)('is begun again and ends what it had begun: %s %s', async (name, line) => {
    await using lab = await startLab({ engine: engine(name, line), shards: 3 });
    const { reckon } = await underWrites(lab);
    await enlarge(lab, 1);
    const members = lab.members().members;
    const wishes = alone(members, () => 1);
    for (const slots of [100, 300, 500]) await killAfter(slots, lab, wishes);
    await spread(lab, members, 4);
    expect(await reckon()).toMatchObject({ ...NOTHING_LOST, missingSeeds: 0 });
  });
});

describe('a server that fails in the middle', () => {
  /** Three shards with a replica each; the first gives some of its slots to the second, and `strike` comes when some has moved. */
  async function whileMoving(name: 'redis' | 'valkey', line: string, strike: (lab: Lab) => Promise<unknown>) {
    await using lab = await startLab({ engine: engine(name, line), shards: 3, replicas: 1 });
    const { reckon } = await underWrites(lab);
    const ids = lab.members().members.map(({ id }) => id);
    const wishes = [5, 7, 6].map((share, i) => ({ share, ids: ids.filter((_, j) => j % 3 === i) }));
    let struck: Promise<unknown> | undefined;
    const result = await moveSlots({
      cluster: lab.members(),
      wishes,
      // So slow that the move is in its midst.
      rest: 4,
      patienceMs: 30_000,
      onProgress: ({ slots }) => {
        if (slots.done > 200) struck ??= strike(lab);
      },
    });
    await struck;
    expect(result.complete).toBe(true);
    return await reckon();
  }

  it.each([
    ['redis', '7.0'],
    ['redis', '8.0'],
    ['valkey', '9.1'],
  ] as const)('source, killed, with its replica taking over: %s %s', async (name, line) => {
    const account = await whileMoving(name, line, async ({ servers }) => servers[0]?.kill());
    expect(account).toMatchObject({ lost: [], resurrected: [], wrong: [], missingSeeds: 0 });
  });

  it.each([
    ['redis', '7.0'],
    ['valkey', '9.1'],
  ] as const)('target, killed, with its replica taking over: %s %s', async (name, line) => {
    const account = await whileMoving(name, line, async ({ servers }) => servers[1]?.kill());
    expect(account).toMatchObject({ lost: [], resurrected: [], wrong: [], missingSeeds: 0 });
  });

  it('target that is frozen while it takes keys: a copy that arrived does not outlive its key', async () => {
    await using lab = await startLab({ engine: engine('redis', '7.0'), shards: 2 });
    const [source, target] = lab.servers as [Server, Server];
    const client = await connect('ioredis', [source.port], PASSWORD);
    // All in one slot, of the first shard: the move is in its midst for a while.
    const key = (n: number) => `{b}:${n}`;
    for (let n = 0; n < 6000; n += 1) await client.send(key(n), 'SET', key(n), 'x');
    const count = async (server: Server) => Number(await server.cli('CLUSTER', 'COUNTKEYSINSLOT', '3300'));
    const deleted = new Set<number>();
    let on = true;
    const deleting = async () => {
      while (on && deleted.size < 3000) {
        const n = Math.floor(Math.random() * 6000);
        await client.send(key(n), 'DEL', key(n));
        deleted.add(n);
      }
    };
    const moving = moveSlots({ cluster: lab.members(), wishes: alone(lab.members().members, (i) => i) });
    const workers = [deleting(), deleting(), deleting(), deleting()];
    for (let round = 0; round < 2; round += 1) {
      await until('keys are on their way', async () => (await count(target)) > 300 * (1 + round), {
        everyMs: 1,
      });
      target.freeze();
      await sleep(1300);
      target.thaw();
      await sleep(100);
    }
    const result = await moving;
    on = false;
    await Promise.all(workers);
    await expectWhole(lab.members());
    expect(result.repeated).toBeGreaterThan(0);
    expect(await count(source)).toBe(0);
    const there = await Promise.all(
      [...Array(6000).keys()].map((n) => client.send(key(n), 'EXISTS', key(n))),
    );
    expect(there.flatMap((one, n) => (one === (deleted.has(n) ? 0 : 1) ? [] : [n]))).toEqual([]);
    client.close();
  });
});

describe('a move', () => {
  it('stops at a signal, and goes on when it is called again', async () => {
    await using lab = await startLab({ engine: engine('redis', '8.0'), shards: 2 });
    const { reckon } = await underWrites(lab);
    const wishes = alone(lab.members().members, (i) => i);
    const abort = new AbortController();
    const result = await moveSlots({
      cluster: lab.members(),
      wishes,
      signal: abort.signal,
      onProgress: ({ slots }) => {
        if (slots.done > 500) abort.abort();
      },
    });
    expect(result.complete).toBe(false);
    expect(result.slots).toBeLessThan(8192);
    expect((await expectWhole(lab.members())).keys.get('node-1')).toBeGreaterThan(0);
    expect(await moveSlots({ cluster: lab.members(), wishes })).toMatchObject({ complete: true });
    expect((await expectWhole(lab.members())).keys.get('node-1')).toBe(0);
    expect(await reckon()).toMatchObject({ ...NOTHING_LOST, missingSeeds: 0 });
  });

  it('goes key by key where a cluster has several databases, and each key stays in its own', async () => {
    const directives = [['cluster-databases', '16']];
    await using lab = await startLab({ engine: engine('valkey', '9.1'), shards: 2, directives });
    const { reckon } = await underWrites(lab);
    const [source, target] = lab.servers as [Server, Server];
    for (let n = 0; n < 200; n += 1) await source.cli('-n', '3', 'SET', `{b}:${n}`, String(n));
    const wishes = alone(lab.members().members, (i) => i);
    expect(await moveSlots({ cluster: lab.members(), wishes })).toMatchObject({ way: 'by-key' });
    expect((await expectWhole(lab.members())).keys.get('node-1')).toBe(0);
    expect(await target.cli('-n', '3', 'DBSIZE')).toBe('200');
    expect(await target.cli('-n', '3', 'GET', '{b}:117')).toBe('117');
    expect(await reckon()).toMatchObject({ ...NOTHING_LOST, missingSeeds: 0 });
  });

  it('says which key held up a server for longest', async () => {
    await using lab = await startLab({ engine: engine('redis', '7.0'), shards: 2 });
    const [source, target] = lab.servers as [Server, Server];
    const fill = "for i = 1, 60000 do redis.call('HSET', KEYS[1], 'field ' .. i, 'some value ' .. i) end";
    await source.cli('EVAL', fill, '1', '{b}:large');
    for (let n = 0; n < 50; n += 1) await source.cli('SET', `{b}:${n}`, 'x');
    const wishes = alone(lab.members().members, (i) => i);
    const { longest } = await moveSlots({ cluster: lab.members(), wishes });
    expect(longest?.key).toBe('{b}:large');
    expect(longest?.keyBytes).toBeGreaterThan(1_000_000);
    expect(await target.cli('HLEN', '{b}:large')).toBe('60000');
  });
});

describe('members', () => {
  it('a replica copies the shard that it is given; replicas and drained primaries leave, others are refused', async () => {
    await using lab = await startLab({ engine: engine('redis', '7.0'), shards: 3 });
    const shard = [lab.members().members[0]?.id ?? ''];
    const replica = await lab.fresh();
    await addNode({ cluster: lab.members(), member: replica, shard });
    await addNode({ cluster: lab.members(), member: replica, shard });
    const { keys, missing } = await verifyCluster(lab.members());
    expect([keys.size, missing]).toEqual([3, []]);
    const primary = lab.members().members[0] as ClusterMember;
    const refused = await removeNode({ cluster: lab.members(), member: primary }).catch((error) => error);
    expect(refused.problems.map(({ code }: Problem) => code)).toEqual([
      'migrate/node-has-slots',
      'migrate/replica-would-be-left',
    ]);
    await removeNode({ cluster: lab.members(), member: replica });
    expect((await verifyCluster(lab.members())).missing).not.toEqual([]);
    expect(await lab.servers[0]?.cli('CLUSTER', 'NODES')).not.toContain(replica.id);
    await removeNode({ cluster: lab.members(), member: replica });
  });

  it('a node with keys of its own does not join', async () => {
    await using lab = await startLab({ engine: engine('valkey', '9.1'), shards: 1 });
    await using other = await startLab({ engine: engine('valkey', '9.1'), shards: 1 });
    await other.servers[0]?.cli('SET', 'a', 'b');
    const member = other.members().members[0] as ClusterMember;
    const refused = await addNode({ cluster: lab.members(), member }).catch((error) => error);
    expect(refused.problems).toMatchObject([{ code: 'migrate/node-not-empty', at: 'node-1' }]);
    expect(await other.servers[0]?.cli('GET', 'a')).toBe('b');
  });
});
