import { slotOf } from './slot.js';
import { addressesOf, every, isInStep, replicationOf, type TestGroup } from './testing-group.js';
import { type ServerPlan, startTestServer, type TestServer, until } from './testing-server.js';

const slots = 16_384;
const shards = 3;

/** Three primaries with an equal share of the slots each, and their replicas. */
export async function startClusterTest(plan: ServerPlan, replicas: number): Promise<TestGroup> {
  const directives = [...plan.directives, 'cluster-enabled yes', 'cluster-node-timeout 1000'];
  const nodes = await Promise.all(
    Array.from({ length: shards * (1 + replicas) }, () => startTestServer({ ...plan, directives })),
  );
  const primaries = nodes.slice(0, shards);
  // Epochs first, so that no two primaries meet with the same one.
  await Promise.all(nodes.map((node, i) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))));
  await Promise.all(primaries.map((node, shard) => node.command('CLUSTER', 'ADDSLOTS', ...slotsOf(shard))));
  const [first, ...others] = nodes;
  for (const { port } of others) await first?.command('CLUSTER', 'MEET', '127.0.0.1', String(port));
  await until('the nodes to know one another', () =>
    every(
      nodes,
      async (node) =>
        (await seen(node)).filter((line) => line.includes(' connected')).length === nodes.length,
    ),
  );
  const ids = await Promise.all(primaries.map((node) => node.command('CLUSTER', 'MYID')));
  await Promise.all(
    nodes.slice(shards).map((node, i) => node.command('CLUSTER', 'REPLICATE', String(ids[i % shards]))),
  );
  await settled(nodes);
  return {
    addresses: addressesOf(nodes),
    nodes,
    servers: nodes,
    primary: (key) => ownerOf(nodes, key),
    failover: (key) => failover(nodes, key),
  };
}

function slotsOf(shard: number): readonly string[] {
  const start = Math.ceil((shard * slots) / shards);
  const end = Math.ceil(((shard + 1) * slots) / shards);
  return Array.from({ length: end - start }, (_, i) => String(start + i));
}

async function seen(node: TestServer): Promise<readonly string[]> {
  return String(await node.command('CLUSTER', 'NODES'))
    .split('\n')
    .filter(Boolean);
}

/** Waits until every node that can be asked finds the cluster in order, and every replica is in step. */
async function settled(nodes: readonly TestServer[]): Promise<void> {
  const up = nodes.filter((node) => node.isUp);
  await until('the cluster to be in order', () =>
    every(up, async (node) => {
      if (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) return false;
      // By gossip: a replica may be linked before the far nodes have heard that it is one.
      const replicas = (await seen(node)).filter((line) => / (myself,)?slave /.test(line));
      return replicas.length === nodes.length - shards && (await isInStep(node));
    }),
  );
}

type Range = readonly [from: number, to: number, ...nodes: (readonly [host: string, port: number])[]];

/** The server that holds a key, as the first one that can be asked sees it; after it the replicas. */
async function holdersOf(nodes: readonly TestServer[], key: string): Promise<readonly TestServer[]> {
  const slot = slotOf(key);
  const asked = nodes.find((node) => node.isUp);
  const ranges = (await asked?.command('CLUSTER', 'SLOTS')) as unknown as readonly Range[];
  const [, , ...holders] = ranges.find(([from, to]) => from <= slot && slot <= to) ?? [0, 0];
  return holders.flatMap(([, port]) => nodes.filter((node) => node.port === port));
}

async function ownerOf(nodes: readonly TestServer[], key: string): Promise<TestServer> {
  const [owner] = await holdersOf(nodes, key);
  if (owner === undefined) throw new Error(`Nobody holds '${key}'.`);
  return owner;
}

async function failover(nodes: readonly TestServer[], key: string): Promise<void> {
  // One that has just come back may not know yet that it is a replica.
  if ((await ownerOf(nodes, key)).isUp) await settled(nodes);
  const [old, replica] = await holdersOf(nodes, key);
  if (old?.isUp) await replica?.command('CLUSTER', 'FAILOVER');
  await until('another primary', async () => {
    const now = await ownerOf(nodes, key);
    return now !== old && (await replicationOf(now)).get('role') === 'master';
  });
  if (old?.isUp) await settled(nodes);
}
