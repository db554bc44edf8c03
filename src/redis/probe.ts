import type { Address } from '../model/types.ts';
import { type Connection, type Credentials, withConnection } from './connection.ts';
import { countKeys, parseFields, parsePairs } from './replies.ts';

export type NodeState = 'up' | 'loading' | 'link-down' | 'cluster-down' | 'unreachable';

/** What a data node says of itself. */
export interface DataFacts {
  readonly role: 'primary' | 'replica';
  readonly state: NodeState;
  readonly version: string;
  readonly keys: number;
  readonly memoryBytes: number;
  readonly connectedReplicas: number;
  /** Whom a replica follows. */
  readonly follows: Address | undefined;
  readonly linkUp: boolean;
  readonly cluster: Readonly<Record<string, string>> | undefined;
}

/** What a Sentinel knows of the group. */
export interface SentinelFacts {
  readonly primary: Address;
  readonly replicas: number;
  readonly otherSentinels: number;
  readonly flags: string;
  /** What CKQUORUM says when it is content, or its error. */
  readonly quorum: { readonly ok: boolean; readonly said: string };
}

export function probeData(address: Address, credentials: Credentials): Promise<DataFacts> {
  return withConnection(address, credentials, async (connection) => {
    const info = parseFields(await connection.call('INFO', 'everything'));
    const cluster =
      info.cluster_enabled === '1' ? parseFields(await connection.call('CLUSTER', 'INFO')) : undefined;
    return dataFacts(info, cluster);
  });
}

function dataFacts(info: Readonly<Record<string, string>>, cluster: DataFacts['cluster']): DataFacts {
  const role = info.role === 'master' ? 'primary' : 'replica';
  const linkUp = role === 'primary' || info.master_link_status === 'up';
  return {
    role,
    linkUp,
    cluster,
    state: stateOf(info, linkUp, cluster),
    version: info.valkey_version ?? info.redis_version ?? 'unknown',
    keys: countKeys(info),
    memoryBytes: Number(info.used_memory ?? 0),
    connectedReplicas: Number(info.connected_slaves ?? 0),
    follows:
      role === 'replica' ? { host: info.master_host ?? '', port: Number(info.master_port) } : undefined,
  };
}

function stateOf(
  info: Readonly<Record<string, string>>,
  linkUp: boolean,
  cluster: DataFacts['cluster'],
): NodeState {
  if (info.loading === '1') return 'loading';
  if (!linkUp) return 'link-down';
  return cluster && cluster.cluster_state !== 'ok' ? 'cluster-down' : 'up';
}

export function probeSentinel(
  address: Address,
  credentials: Credentials,
  primaryName: string,
): Promise<SentinelFacts> {
  return withConnection(address, credentials, async (connection) => {
    const facts = parsePairs(await connection.call('SENTINEL', 'MASTER', primaryName));
    return {
      primary: { host: facts.ip ?? '', port: Number(facts.port) },
      replicas: Number(facts['num-slaves'] ?? 0),
      otherSentinels: Number(facts['num-other-sentinels'] ?? 0),
      flags: facts.flags ?? '',
      quorum: await checkQuorum(connection, primaryName),
    };
  });
}

async function checkQuorum(connection: Connection, primaryName: string): Promise<SentinelFacts['quorum']> {
  try {
    return { ok: true, said: String(await connection.call('SENTINEL', 'CKQUORUM', primaryName)) };
  } catch (error) {
    return { ok: false, said: (error as Error).message };
  }
}
