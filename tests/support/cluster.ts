import { type ClusterNode, clusterNodes, settle, views } from './cluster-view.ts';
import type { Engine } from './engines.ts';
import { allOrNone, ending, type Group, type Healing, healing, healPatience } from './replicated.ts';
import { type Credentials, type Server, startServer } from './servers.ts';
import { until } from './until.ts';

const SLOTS = 16_384;

export interface ClusterOptions {
  readonly engine: Engine;
  readonly shards: number;
  /** Replicas of each shard. */
  readonly replicas: number;
  readonly nodeTimeoutMs?: number;
  /** A password for the default user, also between the nodes. */
  readonly password?: string;
  readonly directives?: readonly (readonly string[])[];
}

export interface Cluster extends Group, Healing {
  /** First the primaries of shard 0, 1, ..., then the replicas, as they were at the start. */
  readonly nodes: readonly Server[];
  primaries(): Promise<readonly Server[]>;
  /** The primary of the shard that holds the key. */
  primary(key: string): Promise<Server>;
  /** The replicas of a primary that are not marked as failed. */
  replicasOf(primary: Server): Promise<readonly Server[]>;
  /** Lets a replica of the key's shard take over and waits for everyone to see it; gives the new primary. */
  failover(key: string): Promise<Server>;
  /** Waits until every running node says the cluster is ok and every running replica is linked. */
  settled(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { engine, shards, replicas } = options;
  const auth: { auth?: Credentials } = options.password ? { auth: { password: options.password } } : {};
  const starting = Array.from({ length: shards * (1 + replicas) }, () =>
    startServer({ engine, directives: clustered(options), ...auth }),
  );
  const nodes = await allOrNone(starting);
  const group = { nodes, ...ending(nodes) };
  try {
    await join(nodes, shards);
    await settle(nodes);
  } catch (error) {
    await group.stop();
    throw error;
  }
  return {
    ...group,
    ...views(nodes),
    settled: () => settle(nodes),
    heal: healing(nodes, () => settle(nodes, healPatience)),
  };
}

function clustered({ password, nodeTimeoutMs = 2_000, directives = [] }: ClusterOptions) {
  return [
    ['cluster-enabled', 'yes'],
    ['cluster-node-timeout', String(nodeTimeoutMs)],
    ...(password
      ? [
          ['requirepass', password],
          ['masterauth', password],
        ]
      : []),
    ...directives,
  ];
}

/** Slots and epochs first, so that no two primaries meet with the same epoch; then introductions, then replicas. */
async function join(nodes: readonly Server[], shards: number): Promise<void> {
  const primaries = nodes.slice(0, shards);
  for (const [index, node] of nodes.entries())
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  for (const [shard, node] of primaries.entries()) {
    const from = Math.floor((shard * SLOTS) / shards);
    const to = Math.floor(((shard + 1) * SLOTS) / shards) - 1;
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  }
  const [first, ...others] = nodes;
  for (const { port } of others) await first?.cli('CLUSTER', 'MEET', '127.0.0.1', String(port));
  await until('every node has met every other', async () => {
    const seen = await Promise.all(nodes.map(clusterNodes));
    return seen.every((view) => view.length === nodes.length && view.every(isUp));
  });
  const ids = await Promise.all(primaries.map((node) => node.cli('CLUSTER', 'MYID')));
  await Promise.all(
    nodes.slice(shards).map((node, index) => node.cli('CLUSTER', 'REPLICATE', ids[index % shards] ?? '')),
  );
}

const isUp = ({ flags, connected }: ClusterNode) =>
  connected && !flags.some((flag) => ['fail', 'fail?', 'handshake', 'noaddr'].includes(flag));
