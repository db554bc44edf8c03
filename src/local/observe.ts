import { dataNodes, sentinelNodes } from '../model/build.ts';
import type { StackModel, StackNode } from '../model/types.ts';
import type { Credentials } from '../redis/connection.ts';
import {
  type DataFacts,
  type NodeState,
  probeData,
  probeSentinel,
  type SentinelFacts,
} from '../redis/probe.ts';

/** One row of `status`. */
export interface NodeStatus {
  readonly name: string;
  readonly role: 'primary' | 'replica' | 'sentinel';
  readonly host: string;
  readonly port: number;
  readonly state: NodeState;
  readonly keys: number;
  readonly memoryBytes: number;
  /** Whom a replica follows, as host:port; for a Sentinel, the primary it names. */
  readonly follows?: string;
  readonly detail?: string;
}

export interface Observed {
  readonly nodes: readonly NodeStatus[];
  /** What is still missing until the stack is ready; empty when it is. */
  readonly missing: readonly string[];
}

export interface Observer {
  readonly model: StackModel;
  /** The admin user: it knows every node. */
  readonly credentials: Credentials;
  /** The port by which servers know a node, where this machine has another one for it. */
  readonly announced?: (node: StackNode) => number;
}

/** Asks every node at once. Never rejects: a node that does not answer is a finding. */
export async function observe({
  model,
  credentials,
  announced = ({ port }) => port,
}: Observer): Promise<Observed> {
  const data = await Promise.all(
    dataNodes(model.nodes).map(async (node) => ({
      node,
      facts: await answer(probeData(at(node), credentials)),
    })),
  );
  const name = model.sentinel?.primaryName ?? '';
  const watchers = await Promise.all(
    sentinelNodes(model.nodes).map(async (node) => ({
      node,
      facts: await answer(probeSentinel(at(node), credentials, name)),
    })),
  );
  return {
    nodes: [...data.map(dataRow), ...watchers.map(sentinelRow)],
    missing: [
      ...data.flatMap(missingData),
      ...missingGroup(data),
      ...watchers.flatMap((w) => missingWatcher(w, { data, watchers: watchers.length, announced })),
    ],
  };
}

type Answer<T> = T | Error;
type Seen<T> = { readonly node: StackNode; readonly facts: Answer<T> };

async function answer<T>(promise: Promise<T>): Promise<Answer<T>> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const at = (node: StackNode) => ({ host: node.ip, port: node.port });

function dataRow({ node, facts }: Seen<DataFacts>): NodeStatus {
  const place = { name: node.name, host: node.ip, port: node.port };
  if (facts instanceof Error) {
    const role = node.role === 'primary' ? 'primary' : 'replica';
    return { ...place, role, state: stateOfError(facts), keys: 0, memoryBytes: 0, detail: facts.message };
  }
  const { role, state, keys, memoryBytes, follows } = facts;
  return {
    ...place,
    role,
    state,
    keys,
    memoryBytes,
    ...(follows ? { follows: `${follows.host}:${follows.port}` } : {}),
  };
}

function stateOfError(error: Error): NodeState {
  return /LOADING/.test(error.message) ? 'loading' : 'unreachable';
}

function sentinelRow({ node, facts }: Seen<SentinelFacts>): NodeStatus {
  const row = {
    name: node.name,
    role: 'sentinel',
    host: node.ip,
    port: node.port,
    keys: 0,
    memoryBytes: 0,
  } as const;
  if (facts instanceof Error) return { ...row, state: 'unreachable', detail: facts.message };
  const follows = `${facts.primary.host}:${facts.primary.port}`;
  return { ...row, state: 'up', follows, ...(facts.quorum.ok ? {} : { detail: facts.quorum.said }) };
}

function missingData({ node, facts }: Seen<DataFacts>): readonly string[] {
  if (facts instanceof Error) return [`${node.name} answers (${facts.message})`];
  if (facts.state === 'loading') return [`${node.name} has loaded its data`];
  if (!facts.linkUp) return [`${node.name} is linked to its primary`];
  const cluster = facts.cluster;
  if (!cluster) return [];
  if (cluster.cluster_state !== 'ok') return [`${node.name} calls the cluster ok`];
  return cluster.cluster_slots_ok === '16384'
    ? []
    : [`${node.name} sees all 16384 slots served (${cluster.cluster_slots_ok} so far)`];
}

/** As many primaries as there are shards, and every replica known to a primary. */
function missingGroup(data: readonly Seen<DataFacts>[]): readonly string[] {
  const facts = data.map((d) => d.facts).filter((f): f is DataFacts => !(f instanceof Error));
  if (facts.length < data.length) return [];
  const shards = new Set(data.map((d) => d.node.shard)).size;
  const primaries = facts.filter((f) => f.role === 'primary');
  const connected = primaries.reduce((sum, f) => sum + f.connectedReplicas, 0);
  const wanted = data.length - shards;
  if (primaries.length !== shards)
    return [`there ${shards === 1 ? 'is one primary' : `are ${shards} primaries`} (${primaries.length} now)`];
  return connected < wanted ? [`the primaries feed ${wanted} replicas (${connected} now)`] : [];
}

interface Group {
  readonly data: readonly Seen<DataFacts>[];
  /** How many Sentinels there are. */
  readonly watchers: number;
  readonly announced: (node: StackNode) => number;
}

function missingWatcher(
  { node, facts }: Seen<SentinelFacts>,
  { data, watchers, announced }: Group,
): readonly string[] {
  if (facts instanceof Error) return [`${node.name} answers (${facts.message})`];
  const primary = data.find((d) => !(d.facts instanceof Error) && d.facts.role === 'primary')?.node;
  const missing: string[] = [];
  if (primary && facts.primary.port !== announced(primary))
    missing.push(`${node.name} names ${primary.name} as primary`);
  if (facts.replicas < data.length - 1)
    missing.push(`${node.name} knows ${data.length - 1} replicas (${facts.replicas} so far)`);
  if (facts.otherSentinels < watchers - 1)
    missing.push(`${node.name} knows ${watchers - 1} other Sentinels (${facts.otherSentinels} so far)`);
  if (!facts.quorum.ok) missing.push(`${node.name} sees a quorum (${facts.quorum.said})`);
  return missing;
}
