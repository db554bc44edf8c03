import { createSentinel } from '@redis/client';
import type { SentinelStack } from './description.js';
import { readCredentials, readSentinelCredentials, readView } from './environment.js';
import { channelsOf, commandOptions, connectionOptions } from './node-redis.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';

/** Connects to the primary that the Sentinels name, and follows them when they name another. */
export async function connect(stack: SentinelStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses, addressMap } = readView(stack, env);
  const client = createSentinel({
    name: stack.primaryName,
    sentinelRootNodes: addresses.map(({ host, port }) => ({ host, port })),
    nodeAddressMap: (announced) => addressMap[announced],
    nodeClientOptions: connectionOptions(stack.name, readCredentials(stack, env)),
    sentinelClientOptions: connectionOptions(stack.name, readSentinelCredentials(stack, env)),
    RESP: 3,
    commandOptions,
    // Without a reserved connection, commands sent in the same tick wait for one another.
    reserveClient: true,
    // Sentinels announce a switch; this finds one whose announcement was missed.
    scanInterval: 5000,
  });
  const send = (words: string[]) => client.sendCommand<unknown>(false, words);
  const routes = {
    channels: channelsOf(client),
    shardOf: () => stack.primaryName,
    send: (_key: string, words: string[]) => send(words),
    sendToPrimaries: async (words: string[]) => [await send(words)],
  };
  return open({ client, addresses, routes }, options);
}
