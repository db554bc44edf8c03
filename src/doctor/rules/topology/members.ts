import type { Address, StackNode } from '../../../model/types.ts';
import { place } from '../../../redis/ask.ts';
import type { ClusterFacts, ClusterNode, Facts, NodeFacts, SentinelFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';

/** The node of the model that a running node is, by its name. */
function modelNode({ model }: Facts, { name }: Pick<NodeFacts, 'name'>): StackNode | undefined {
  return model?.nodes.find((one) => name === one.name || name.startsWith(`${one.name} `));
}

/** A node as it stands in its own CLUSTER NODES. */
export const myself = ({ cluster }: NodeFacts): ClusterNode | undefined =>
  cluster?.nodes.find(({ flags }) => flags.includes('myself'));

export const isCluster = ({ nodes, model }: Facts): boolean =>
  model?.joins === true || nodes.some(({ cluster, info }) => cluster || info?.cluster_enabled === '1');

function announced(node: NodeFacts, kind: 'replica' | 'cluster'): readonly Address[] {
  const host = setting(node, `${kind}-announce-ip`);
  const ports = [`${kind}-announce-port`, 'port', 'tls-port'].map((name) => Number(setting(node, name)));
  const port = ports.find((one) => one > 0);
  return host && port ? [{ host, port }] : [];
}

/** Every address that peers may know a node by. */
function knownAs(facts: Facts, node: NodeFacts): readonly string[] {
  const own = myself(node);
  const planned = modelNode(facts, node);
  const hosts = planned ? [planned.ip, planned.hostname ?? planned.name] : [];
  return [
    node.at,
    ...announced(node, 'replica'),
    ...announced(node, 'cluster'),
    ...(own ? [own.at, { host: own.hostname ?? own.at.host, port: own.at.port }] : []),
    ...hosts.map((host) => ({ host, port: planned?.port ?? 0 })),
  ].map(place);
}

/** The node that peers know by this address; undefined where none of those that were asked is. */
export function nodeAt(facts: Facts, at: Address): NodeFacts | undefined {
  const wanted = place(at);
  return (
    facts.nodes.find((node) => place(node.at) === wanted) ??
    facts.nodes.find((node) => knownAs(facts, node).includes(wanted))
  );
}

/** The node that a replica follows, by what the replica says. */
export function followed(facts: Facts, replica: NodeFacts): NodeFacts | undefined {
  const id = myself(replica)?.primaryId;
  const byId = facts.nodes.find((node) => id !== undefined && myself(node)?.id === id);
  const { master_host: host, master_port: port } = replica.info ?? {};
  const planned = modelNode(facts, replica)?.follows;
  if (byId) return byId;
  if (host) return nodeAt(facts, { host, port: Number(port) });
  return facts.nodes.find((node) => planned !== undefined && modelNode(facts, node)?.name === planned);
}

/** Rules ask again and again, and finding it out takes every node with every other. */
const following = new WeakMap<Facts, ReadonlyMap<NodeFacts, NodeFacts | undefined>>();

export function replicasOf(facts: Facts, primary: NodeFacts): readonly NodeFacts[] {
  const replicas = facts.nodes.filter(({ role }) => role === 'replica');
  const known = following.get(facts) ?? new Map(replicas.map((one) => [one, followed(facts, one)]));
  following.set(facts, known);
  return replicas.filter((one) => known.get(one) === primary);
}

/** Replicas as a primary lists them in INFO: `ip=10.0.0.2,port=7000,state=online,offset=14,lag=0`. */
export interface Follower {
  readonly at: Address;
  readonly state: string;
  readonly offset: number;
  readonly lagSeconds: number;
  /** `slave0:ip=...`. */
  readonly line: string;
}

export function followersOf({ info }: NodeFacts): readonly Follower[] {
  return (
    Object.entries(info ?? {})
      .filter(([name]) => /^slave\d+$/.test(name))
      .map(([name, line]) => {
        const of = Object.fromEntries(line.split(',').map((pair) => pair.split('=', 2)));
        return {
          at: { host: String(of.ip), port: Number(of.port) },
          state: String(of.state),
          offset: Number(of.offset),
          lagSeconds: Number(of.lag),
          line: `${name}:${line}`,
        };
      })
      // Copies for a backup have no port.
      .filter(({ at }) => at.port > 0)
  );
}

/** One primary as all Sentinels that watch it see it. */
export interface Watch {
  readonly primaryName: string;
  readonly sentinels: readonly SentinelFacts[];
  /** Sentinels that may vote: those that were asked, or that one of them knows, whichever is more. */
  readonly voters: number;
}

export function watches({ sentinels }: Facts): readonly Watch[] {
  const names = [...new Set(sentinels.map(({ primaryName }) => primaryName))];
  return names.map((primaryName) => {
    const own = sentinels.filter((one) => one.primaryName === primaryName);
    const voters = Math.max(own.length, ...own.map(({ others }) => others.length + 1));
    return { primaryName, sentinels: own, voters };
  });
}

/**
 * The cluster as a node sees it; of those that see it whole, the first. A node that says that it is a replica is one, though
 * others may not have heard of it yet.
 */
export function clusterView({
  nodes,
}: Facts): { readonly node: NodeFacts; readonly cluster: ClusterFacts } | undefined {
  const views = nodes.flatMap((node) => (node.cluster ? [{ node, cluster: node.cluster }] : []));
  const view = views.find(({ cluster }) => cluster.info.cluster_state === 'ok') ?? views[0];
  const replicas = nodes.map(myself).filter((one) => one?.flags.includes('slave'));
  const seen = (one: ClusterNode): ClusterNode => {
    const own = replicas.find((replica) => replica?.id === one.id);
    return own ? { ...one, primaryId: own.primaryId, slots: 0, flags: asReplica(one.flags) } : one;
  };
  return view && { ...view, cluster: { ...view.cluster, nodes: view.cluster.nodes.map(seen) } };
}

const asReplica = (flags: readonly string[]): readonly string[] =>
  flags.map((flag) => (flag === 'master' ? 'slave' : flag));

export const isDown = ({ flags }: { readonly flags: readonly string[] }): boolean =>
  flags.some((flag) => ['s_down', 'o_down', 'disconnected', 'fail'].includes(flag));

/** Primaries that serve slots, in the view of one node. */
export const servingPrimaries = (cluster: ClusterFacts | undefined): readonly ClusterNode[] =>
  (cluster?.nodes ?? []).filter(({ flags, slots }) => flags.includes('master') && slots > 0);

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');
