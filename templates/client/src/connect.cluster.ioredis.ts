import { Cluster } from 'ioredis';
import type { Reach } from './connector.js';
import type { ClusterStack } from './description.js';
import { type Environment, readLogin, readView } from './environment.js';
import { ask, commonLink, connectionOptions, gatherer } from './ioredis.js';
import { Nodes } from './ioredis-nodes.js';
import { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
import { staying } from './open.js';
import { backoffMs } from './retry.js';
import { slotOf } from './slot.js';

/** Connects to every primary of the cluster, starting from any seed, and follows slots when they move. */
export function reach(stack: ClusterStack, env: Environment): Reach {
  const { addresses, addressMap } = readView(stack, env);
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    const common = connectionOptions(stack.name, login);
    const client = new Cluster(
      addresses.map(({ host, port }) => ({ host, port })),
      {
        lazyConnect: true,
        redisOptions: common,
        natMap: (announced) => addressMap[announced] ?? null,
        // Names of hosts stay names: certificates are made out to them.
        dnsLookup: (host, callback) => callback(null, host),
        // As for one connection: who needs an answer asks again.
        enableOfflineQueue: false,
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        clusterRetryStrategy: (attempt) => backoffMs(attempt - 1),
        // Who took over is learned from a redirection, or, where nothing is sent or a server hangs, from this.
        slotsRefreshInterval: 2000,
      },
    );
    const nodes = new Nodes(client, addressMap);
    let heardAt: string | undefined;
    const subscriptions = new Subscriptions(common, {
      of: (kind, channel) => {
        const all = nodes.owners();
        // Messages to others than shards reach every server; one is as good as another as long as it is of the cluster.
        if (heardAt === undefined || !all.includes(heardAt))
          heardAt = all[Math.floor(Math.random() * all.length)];
        const owner = kind === 'shard' ? nodes.owner(slotOf(channel)) : heardAt;
        return owner === undefined ? undefined : nodes.addressOf(owner);
      },
      onMoved: () => client.refreshSlotsCache(),
    });
    const link = commonLink(client, subscriptions, { name: stack.name, login });
    const gather = gatherer(client);
    const send = (key: string, words: readonly string[]): Promise<unknown> => {
      gather();
      const slot = slotOf(key);
      const node = nodes.ready(slot);
      // Sends to the right server as well, in twice the time; it also follows slots that have moved.
      if (node === undefined) return ask(client, words, slot);
      return ask(node, words).catch((error: unknown) => {
        if (link.isRefusal(error) && /^(MOVED|ASK|TRYAGAIN) /.test(error.message))
          return ask(client, words, slot);
        throw error;
      });
    };
    return {
      ...link,
      connect: async () => {
        await link.connect();
        await nodes.connectAll();
      },
      send,
      sendToPrimaries: (words) =>
        Promise.all(
          nodes.owners().map(async (owner) => {
            const node = nodes.connectionTo(owner);
            if (node !== undefined) return ask(node, words);
            client.refreshSlotsCache();
            throw new Error(`There is no connection to ${owner}.`);
          }),
        ),
      mget: (keys) => Promise.all(keys.map((key) => send(key, ['GET', key]) as Promise<string | null>)),
      primaries: () => nodes.owners().map((owner) => nodes.addressOf(owner)),
      shardOf: (key) => nodes.owner(slotOf(key)) ?? stack.name,
    };
  };
  return { addresses, createLink };
}

export const connect = staying(reach);
