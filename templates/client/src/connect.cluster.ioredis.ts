import { Cluster } from 'ioredis';
import type { Address, ClusterStack } from './description.js';
import { readLogin, readView } from './environment.js';
import { commonLink, connectionOptions } from './ioredis.js';
import { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';
import { backoffMs } from './retry.js';
import { slotOf } from './slot.js';

/** Connects to every primary of the cluster, starting from any seed, and follows slots when they move. */
export async function connect(stack: ClusterStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses, addressMap } = readView(stack, env);
  const login = readLogin(stack, env);
  const createLink = (): Link => {
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
    // The library connects when the first command comes, and would have those fail that come meanwhile.
    const connectAll = () =>
      Promise.allSettled(
        client.nodes('master').flatMap((node) => (node.status === 'wait' ? [node.connect()] : [])),
      );
    client.on('+node', () => {
      // After the command that led to it.
      process.nextTick(() => client.status === 'ready' && connectAll());
    });
    const addressOf = (node: string): Address => addressMap[node] ?? parse(node);
    const ownerOf = (slot: number): string | undefined => client.slots[slot]?.[0];
    let heardAt: Address | undefined;
    const subscriptions = new Subscriptions(common, {
      of: (kind, channel) => {
        if (kind === 'shard') {
          const owner = ownerOf(slotOf(channel));
          return owner === undefined ? undefined : addressOf(owner);
        }
        // Messages reach every server; one is as good as another as long as it belongs to the cluster.
        const all = ownersOf(client.slots).map(addressOf);
        heardAt = all.find((one) => isSame(one, heardAt)) ?? all[Math.floor(Math.random() * all.length)];
        return heardAt;
      },
      onMoved: () => client.refreshSlotsCache(),
    });
    const link = commonLink(client, subscriptions, { name: stack.name, login });
    return {
      ...link,
      connect: async () => {
        await link.connect();
        await connectAll();
      },
      sendToPrimaries: ([name = '', ...args]) => {
        const known = client.nodes('master');
        return Promise.all(
          ownersOf(client.slots).map(async (owner) => {
            const at = addressOf(owner);
            const node = known.find(({ options: { host, port } }) => host === at.host && port === at.port);
            if (node !== undefined) return node.call(name, ...args);
            client.refreshSlotsCache();
            throw new Error(`There is no connection to ${owner}.`);
          }),
        );
      },
      mget: (keys) => Promise.all(keys.map((key) => link.send(key, ['GET', key]) as Promise<string | null>)),
      primaries: () => ownersOf(client.slots).map(addressOf),
      shardOf: (key) => ownerOf(slotOf(key)) ?? stack.name,
    };
  };
  return open(addresses, createLink, options);
}

/** The primaries of all slots, each once. */
function ownersOf(slots: readonly (readonly string[] | undefined)[]): readonly string[] {
  const owners = new Set<string>();
  let last: readonly string[] | undefined;
  for (const nodes of slots) {
    // The slots of one range share a list.
    if (nodes !== last && nodes?.[0] !== undefined) owners.add(nodes[0]);
    last = nodes;
  }
  return [...owners];
}

function parse(node: string): Address {
  const colon = node.lastIndexOf(':');
  return { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
}

const isSame = (one: Address, other: Address | undefined): boolean =>
  one.host === other?.host && one.port === other?.port;
