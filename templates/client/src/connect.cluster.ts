import { createCluster } from '@redis/client';
import type { Reach } from './connector.js';
import type { ClusterStack } from './description.js';
import { type Environment, readLogin, readView } from './environment.js';
import type { Link } from './link.js';
import { commandOptions, commonLink, connectionOptions } from './node-redis.js';
import { staying } from './open.js';
import { slotOf } from './slot.js';

/** Connects to every primary of the cluster, starting from any seed, and follows slots when they move. */
export function reach(stack: ClusterStack, env: Environment): Reach {
  const { addresses, addressMap } = readView(stack, env);
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    // Nodes do not take over what the cluster is told; with options for each command, half the throughput would be gone.
    const nodeOptions = { ...connectionOptions(stack.name, login), commandOptions };
    const client = createCluster({
      rootNodes: addresses.map((address) => ({ socket: { ...address } })),
      // Seeds pass nothing on to the nodes they lead to; the defaults reach all of them.
      defaults: nodeOptions,
      nodeAddressMap: (announced) => addressMap[announced],
      RESP: 3,
      commandOptions,
      // Half a second of failed reconnecting, and the remaining nodes are asked who took over.
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    });
    // A look for the slots that is under way when the client ends goes on after that, and would leave its connections open.
    client.on('node-connect', () => {
      if (!client.isOpen) client.destroy();
    });
    const link = commonLink(client, stack.name, login);
    // By the library, each command would be sorted by its kind first, which costs more than sending it, and one without
    // a key of its own, such as PUBLISH, would go to any server.
    const send = (key: string, words: string[]): Promise<unknown> => {
      const node = client.slots[slotOf(key)]?.master;
      if (node === undefined || !client.isOpen) return client.sendCommand(key, false, words);
      const redirected = (error: unknown) => {
        if (link.isRefusal(error) && /^(MOVED|ASK) /.test(error.message))
          return client.sendCommand(key, false, words);
        throw error;
      };
      return client.nodeClient(node).then((one) => one.sendCommand(words).catch(redirected));
    };
    return {
      ...link,
      send,
      mget: (keys) => Promise.all(keys.map((key) => send(key, ['GET', key]) as Promise<string | null>)),
      sendToPrimaries: (words) =>
        Promise.all(client.masters.map(async (node) => (await client.nodeClient(node)).sendCommand(words))),
      primaries: () =>
        client.masters.map(({ host, port }) => addressMap[`${host}:${port}`] ?? { host, port }),
      shardOf: (key) => client.slots[slotOf(key)]?.master.address ?? stack.name,
    };
  };
  return { addresses, createLink };
}

export const connect = staying(reach);
