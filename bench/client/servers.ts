import { newest } from '../../tests/support/engines.ts';
import { startCluster } from '../../tests/support/groups.ts';
import { type Server, startServer } from '../../tests/support/servers.ts';
import type { Place } from './library.ts';
import { directives } from './ours.ts';

/** Running servers with nothing in them that a bench still needs. */
export interface Ground {
  readonly place: Place;
  flush(): Promise<void>;
}

const engine = () => newest('redis');

export const engineName = () => `${engine().name} ${engine().version}`;

const onOne = (server: Server): Ground => ({
  place: { kind: 'standalone', ports: [server.port] },
  flush: async () => void (await server.cli('FLUSHALL')),
});

/** Starts one server, and ends it when the work is done. */
export async function withServer<T>(work: (ground: Ground, server: Server) => Promise<T>): Promise<T> {
  const server = await startServer({ engine: engine(), directives });
  try {
    return await work(onOne(server), server);
  } finally {
    await server.dispose();
  }
}

/** Starts a cluster of three, and ends it when the work is done. */
export async function withCluster<T>(work: (ground: Ground) => Promise<T>): Promise<T> {
  const cluster = await startCluster({ engine: engine(), shards: 3, replicas: 0, directives });
  try {
    return await work({
      place: { kind: 'cluster', ports: cluster.nodes.map(({ port }) => port) },
      flush: async () => void (await Promise.all(cluster.nodes.map((node) => node.cli('FLUSHALL')))),
    });
  } finally {
    await cluster.stop();
  }
}
