import { createSentinel } from '@redis/client';
import type { Reach } from './connector.js';
import type { SentinelStack } from './description.js';
import { type Environment, readLogin, readSentinelLogin, readView } from './environment.js';
import type { Link } from './link.js';
import { commandOptions, commonLink, connectionOptions } from './node-redis.js';
import { staying } from './open.js';

/** Connects to the primary that the Sentinels name, and follows them when they name another. */
export function reach(stack: SentinelStack, env: Environment): Reach {
  const { addresses, addressMap } = readView(stack, env);
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    const sentinelLogin = readSentinelLogin(stack, env);
    const client = createSentinel({
      name: stack.primaryName,
      sentinelRootNodes: addresses.map(({ host, port }) => ({ host, port })),
      nodeAddressMap: (announced) => addressMap[announced],
      nodeClientOptions: connectionOptions(stack.name, login),
      sentinelClientOptions: connectionOptions(stack.name, sentinelLogin),
      RESP: 3,
      commandOptions,
      // Without a reserved connection, commands sent in the same tick wait for one another.
      reserveClient: true,
      // Sentinels announce a switch; this finds one whose announcement was missed.
      scanInterval: 5000,
    });
    return {
      ...commonLink(client, stack.name, login),
      mget: (keys) => client.sendCommand(false, ['MGET', ...keys]),
      send: (_key, words) => client.sendCommand(false, words),
      sendToPrimaries: async (words) => [await client.sendCommand(false, words)],
      primaries: () => {
        const node = client.getMasterNode();
        return node === undefined
          ? []
          : [addressMap[`${node.host}:${node.port}`] ?? { host: node.host, port: node.port }];
      },
      shardOf: () => stack.primaryName,
    };
  };
  return { addresses, createLink };
}

export const connect = staying(reach);
