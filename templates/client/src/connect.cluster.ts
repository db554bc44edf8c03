import { createCluster } from '@redis/client';
import type { ClusterStack } from './description.js';
import { readCredentials, readView } from './environment.js';
import { channelsOf, commandOptions, connectionOptions } from './node-redis.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';
import { slotOf } from './slot.js';

/** Connects to every primary of the cluster, starting from any seed, and follows slots when they move. */
export async function connect(stack: ClusterStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses, addressMap } = readView(stack, env);
  const client = createCluster({
    rootNodes: addresses.map((address) => ({ socket: { ...address } })),
    // Seeds pass nothing on to the nodes they lead to; the defaults reach all of them.
    defaults: connectionOptions(stack.name, readCredentials(stack, env)),
    nodeAddressMap: (announced) => addressMap[announced],
    RESP: 3,
    commandOptions,
    // Half a second of failed reconnecting, and the remaining nodes are asked who took over.
    topologyRefreshOnReconnectionAttemptStrategy: 500,
  });
  const routes = {
    channels: channelsOf(client),
    shardOf: (key: string) => client.slots[slotOf(key)]?.master.address ?? stack.name,
    send: (key: string, words: string[]) => client.sendCommand<unknown>(key, false, words),
    sendToPrimaries: async (words: string[]) =>
      Promise.all(
        client.masters.map(async (node) => (await client.nodeClient(node)).sendCommand<unknown>(words)),
      ),
  };
  return open({ client, addresses, routes }, options);
}
