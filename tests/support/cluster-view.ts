import { info } from './replicated.ts';
import type { Server } from './servers.ts';
import { type Patience, until } from './until.ts';

/** One line of CLUSTER NODES. */
export interface ClusterNode {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Id of its primary, `-` for a primary. */
  readonly primaryId: string;
  readonly connected: boolean;
}

export async function clusterNodes(server: Server): Promise<readonly ClusterNode[]> {
  const text = await server.cli('CLUSTER', 'NODES');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', address = '', flags = '', primaryId = '', , , , state = ''] = line.split(' ');
      const port = Number(address.match(/:(\d+)@/)?.[1]);
      return { id, port, flags: flags.split(','), primaryId, connected: state === 'connected' };
    });
}

/** The nodes that answer; one that is down or frozen is not part of the question. */
async function answering(nodes: readonly Server[]): Promise<readonly Server[]> {
  const answers = await Promise.allSettled(nodes.map((node) => node.cli('PING')));
  return nodes.filter((_, index) => answers[index]?.status === 'fulfilled');
}

export async function settle(nodes: readonly Server[], patience?: Patience): Promise<void> {
  await until('the cluster is ok for every node', () => isSettled(nodes), patience);
}

async function isSettled(nodes: readonly Server[]): Promise<boolean> {
  const here = await answering(nodes);
  const states = await Promise.all(here.map((node) => node.cli('CLUSTER', 'INFO')));
  if (!states.every((state) => /cluster_state:ok/.test(state))) return false;
  const roles = await Promise.all(here.map((node) => info(node, 'replication')));
  if (!roles.every(({ role, master_link_status }) => role === 'master' || master_link_status === 'up'))
    return false;
  const seen = await Promise.all(here.map(clusterNodes));
  // By gossip: a replica may be linked before the far nodes have heard that it is one.
  return here.every((node, index) =>
    seen.every((view) =>
      view.find(({ port }) => port === node.port)?.flags.includes(roles[index]?.role ?? ''),
    ),
  );
}

/** What the tests ask a running cluster. */
export function views(nodes: readonly Server[]) {
  // Whoever answers first: one that is frozen would hold up the question for as long as the command line waits.
  const view = () => Promise.any(nodes.map(clusterNodes));
  const servers = (wanted: readonly ClusterNode[]) =>
    nodes.filter((node) => wanted.some(({ port }) => port === node.port));
  const primaries = async () =>
    servers((await view()).filter(({ flags }) => flags.includes('master') && !flags.includes('fail')));
  const primary = async (key: string) => {
    for (const node of await primaries()) {
      // Not a read of the key: only the owner of a slot counts it without redirecting.
      if (await owns(node, key)) return node;
    }
    throw new Error(`No primary holds the slot of '${key}'.`);
  };
  const replicasOf = async (of: Server) => {
    const seen = await view();
    const id = seen.find(({ port }) => port === of.port)?.id;
    return servers(seen.filter(({ primaryId, flags }) => primaryId === id && !flags.includes('fail')));
  };
  const failover = async (key: string) => {
    const [replica] = await replicasOf(await primary(key));
    if (!replica) throw new Error(`The shard of '${key}' has no replica to take over.`);
    await replica.cli('CLUSTER', 'FAILOVER');
    await until('the replica has taken over', async () => (await primary(key)) === replica);
    await settle(nodes);
    return replica;
  };
  return { primaries, primary, replicasOf, failover };
}

async function owns(node: Server, key: string): Promise<boolean> {
  return node.cli('EXISTS', key).then(
    () => true,
    () => false,
  );
}
