import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openConnection } from '../../../src/redis/connection.ts';
import { parseFields } from '../../../src/redis/replies.ts';
import type { Engine } from '../../../tests/support/engines.ts';
import { freePort, type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { StackDescription } from '../src/description.js';

/** What `migrate` writes where it switches. */
export const announcementOf = (stack: StackDescription, id = randomBytes(8).toString('hex')): string =>
  JSON.stringify({ format: 1, id, stack });

export const announcementKey = 'test:stack:moved';

type Directives = readonly (readonly string[])[];

/** A server in cluster mode that owns all slots and, until it takes over, replicates one that is in no cluster. */
export async function startCrafted(engine: Engine, source: Server, directives: Directives): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), 'crafted-'));
  const port = await freePort();
  const bus = port + 10_000;
  const [self, other] = [randomBytes(20).toString('hex'), randomBytes(20).toString('hex')];
  const nodes = [
    `${self} 127.0.0.1:${port}@${bus} myself,slave ${other} 0 0 0 disconnected`,
    `${other} 127.0.0.1:${source.port}@1 master - 0 0 1 disconnected 0-16383`,
    'vars currentEpoch 1 lastVoteEpoch 0',
  ];
  writeFileSync(join(dir, 'nodes.conf'), `${nodes.join('\n')}\n`);
  const server = await startServer({
    engine,
    port,
    dir,
    directives: [
      ['cluster-enabled', 'yes'],
      ['cluster-announce-ip', '127.0.0.1'],
      // The source never answers on a bus, and must not be taken for failed.
      ['cluster-node-timeout', '86400000'],
      ['cluster-replica-no-failover', 'yes'],
      ['replica-priority', '0'],
      ...directives,
    ],
  });
  const dispose = async (): Promise<void> => {
    await server.dispose();
    await rm(dir, { recursive: true, force: true });
  };
  await linked(server);
  return { ...server, dispose, [Symbol.asyncDispose]: dispose };
}

export const linked = (replica: Server) =>
  until('the replica is linked', async () =>
    (await replica.cli('INFO', 'replication')).includes('master_link_status:up'),
  );

/** Opens the orders to a server: a process for each would take longer than a switch. */
export const ordersTo = (server: Pick<Server, 'port'>): Promise<Connection> =>
  openConnection({ host: '127.0.0.1', port: server.port }, { username: 'default', password: 'none' });

const offsetOf = async (connection: Connection) => {
  const info = parseFields(await connection.call('INFO', 'replication'));
  return info.role === 'master' ? info.master_repl_offset : info.slave_repl_offset;
};

export interface Switch {
  readonly from: Connection;
  readonly to: Connection;
  /** Makes `to` the primary, once it has all that `from` has. */
  readonly promote: (to: Connection) => Promise<void>;
  /** What becomes of the old primary, whose writes are still paused. */
  readonly demote: (from: Connection) => Promise<void>;
}

/** Writes are paused until the replica has caught up and taken over; gives how long that took. */
export async function switchOver({ from, to, promote, demote }: Switch): Promise<number> {
  const began = performance.now();
  await from.call('CLIENT', 'PAUSE', '10000', 'WRITE');
  // Whoever dies here leaves a server that refuses writes, rather than one that loses them.
  await from.call('CONFIG', 'SET', 'min-replicas-to-write', '16');
  while ((await offsetOf(from)) !== (await offsetOf(to))) await sleep(1);
  await promote(to);
  await demote(from);
  return performance.now() - began;
}

export async function takeOverCluster(to: Connection): Promise<void> {
  await to.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
  const isUp = async () =>
    String(await to.call('CLUSTER', 'INFO')).includes('cluster_state:ok') &&
    String(await to.call('INFO', 'replication')).includes('role:master');
  while (!(await isUp())) await sleep(1);
}

/** The old primary replicates the new one, so it has what is announced there; `ends` its connections, or answers them. */
export const becomeReplica =
  (of: Pick<Server, 'port'>, ends: boolean) =>
  async (from: Connection): Promise<void> => {
    if (ends) await from.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await from.call('REPLICAOF', '127.0.0.1', String(of.port));
    await from.call('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await from.call('CLIENT', 'UNPAUSE');
  };

/** Makes a server that took over a cluster one that others can join. */
export async function settleCluster(to: Connection): Promise<void> {
  const lines = String(await to.call('CLUSTER', 'NODES')).split('\n');
  const gone = lines.find((line) => line !== '' && !line.includes('myself'))?.split(' ')[0];
  if (gone !== undefined) await to.call('CLUSTER', 'FORGET', gone);
  await to.call('CONFIG', 'SET', 'cluster-node-timeout', '2000', 'cluster-replica-no-failover', 'no');
}

/** Adds an empty primary, and moves slots to it one by one, with their keys, under traffic. */
export async function moveSlots(from: Server, to: Server, slots: readonly number[]): Promise<void> {
  await from.cli('CLUSTER', 'MEET', '127.0.0.1', String(to.port));
  await until('they have met', async () => {
    const views = await Promise.all([from, to].map((node) => node.cli('CLUSTER', 'NODES')));
    const states = await Promise.all([from, to].map((node) => node.cli('CLUSTER', 'INFO')));
    return (
      views.every((view) => view.split('\n').length === 2 && !/handshake|fail|noaddr/.test(view)) &&
      states.every((state) => state.includes('cluster_state:ok'))
    );
  });
  const [fromId, toId] = await Promise.all([from, to].map((node) => node.cli('CLUSTER', 'MYID')));
  const orders = await Promise.all([from, to].map(ordersTo));
  const [source, target] = orders as [Connection, Connection];
  for (const slot of slots.map(String)) {
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId ?? '');
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId ?? '');
    for (;;) {
      const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
      if (keys.length === 0) break;
      await source.call('MIGRATE', '127.0.0.1', String(to.port), '', '0', '2000', 'KEYS', ...keys);
    }
    for (const one of [target, source]) await one.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId ?? '');
  }
  for (const one of orders) one.close();
}
