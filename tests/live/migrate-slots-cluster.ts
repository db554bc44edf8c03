import type { ClusterMember, Cluster as Members, ShardWish } from '../../src/migrate/slots/index.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import type { Engine } from '../support/engines.ts';
import { type Server, startServer } from '../support/servers.ts';

export const PASSWORD = 'correct horse';
const NODE_TIMEOUT_MS = 2000;

/** A real cluster of which nodes can be added, as the mover sees it. */
export interface Lab {
  readonly cluster: Cluster;
  readonly servers: readonly Server[];
  /** All members so far. */
  members(): Members;
  /** The member that runs as this server. */
  memberOf(server: Server): ClusterMember;
  /** Starts a server in cluster mode that belongs to no cluster yet. */
  fresh(): Promise<ClusterMember>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LabOptions {
  readonly engine: Engine;
  readonly shards: number;
  readonly replicas?: number;
  readonly directives?: readonly (readonly string[])[];
}

export async function startLab({ engine, shards, replicas = 0, directives = [] }: LabOptions): Promise<Lab> {
  const more = [['cluster-announce-ip', '127.0.0.1'], ...directives];
  const cluster = await startCluster({
    engine,
    shards,
    replicas,
    password: PASSWORD,
    nodeTimeoutMs: NODE_TIMEOUT_MS,
    directives: more,
  });
  const servers = [...cluster.nodes];
  const known = new Map<Server, ClusterMember>();
  const enter = async (server: Server) => {
    const address = { host: '127.0.0.1', port: server.port };
    const member = {
      id: await server.cli('CLUSTER', 'MYID'),
      name: `node-${known.size + 1}`,
      at: address,
      inside: { ...address, busPort: server.port + 10_000 },
    };
    known.set(server, member);
    return member;
  };
  for (const server of servers) await enter(server);
  const own: Server[] = [];
  return {
    cluster,
    servers,
    members: () => ({
      members: [...known.values()],
      credentials: { username: 'default', password: PASSWORD },
    }),
    memberOf: (server) => {
      const member = known.get(server);
      if (!member) throw new Error('a server of another lab');
      return member;
    },
    fresh: async () => {
      const server = await startServer({
        engine,
        auth: { password: PASSWORD },
        directives: [
          ['cluster-enabled', 'yes'],
          ['cluster-node-timeout', String(NODE_TIMEOUT_MS)],
          ['requirepass', PASSWORD],
          ['masterauth', PASSWORD],
          ...more,
        ],
      });
      own.push(server);
      servers.push(server);
      return enter(server);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([cluster.stop(), ...own.map((server) => server.dispose())]);
    },
  };
}

/** Each of these nodes as a shard of its own. */
export const alone = (members: readonly ClusterMember[], share: (index: number) => number): ShardWish[] =>
  members.map(({ id }, index) => ({ ids: [id], share: share(index) }));
