import { createCluster } from '@redis/client';
import type { ClusterStack } from './description.js';
import { readLogin, readView } from './environment.js';
import type { Link } from './link.js';
import { commandOptions, commonLink, connectionOptions } from './node-redis.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';
import { slotOf } from './slot.js';

/** Connects to every primary of the cluster, starting from any seed, and follows slots when they move. */
export async function connect(stack: ClusterStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses, addressMap } = readView(stack, env);
  const login = readLogin(stack, env);
  const createLink = (): Link => {
    const client = createCluster({
      rootNodes: addresses.map((address) => ({ socket: { ...address } })),
      // Seeds pass nothing on to the nodes they lead to; the defaults reach all of them.
      defaults: connectionOptions(stack.name, login),
      nodeAddressMap: (announced) => addressMap[announced],
      RESP: 3,
      commandOptions,
      // Half a second of failed reconnecting, and the remaining nodes are asked who took over.
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    });
    return {
      ...commonLink(client, stack.name, login),
      send: (key, words) => client.sendCommand(key, false, words),
      sendToPrimaries: (words) =>
        Promise.all(client.masters.map(async (node) => (await client.nodeClient(node)).sendCommand(words))),
      primaries: () =>
        client.masters.map(({ host, port }) => addressMap[`${host}:${port}`] ?? { host, port }),
      shardOf: (key) => client.slots[slotOf(key)]?.master.address ?? stack.name,
    };
  };
  return open(addresses, createLink, options);
}
