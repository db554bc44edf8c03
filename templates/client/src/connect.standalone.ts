import { createClient } from '@redis/client';
import type { StandaloneStack } from './description.js';
import { readCredentials, readView } from './environment.js';
import { RedisError } from './errors.js';
import { channelsOf, commandOptions, connectionOptions } from './node-redis.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';

/** Connects to the one server; when it restarts, the connection comes back by itself. */
export async function connect(stack: StandaloneStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses } = readView(stack, env);
  const [address] = addresses;
  if (address === undefined) throw new RedisError('redis/bad-environment', 'The stack has no address.');
  const common = connectionOptions(stack.name, readCredentials(stack, env));
  const client = createClient({
    ...common,
    RESP: 3,
    commandOptions,
    socket: { ...common.socket, ...address },
  });
  const send = (words: string[]) => client.sendCommand<unknown>(words);
  const routes = {
    channels: channelsOf(client),
    shardOf: () => stack.name,
    send: (_key: string, words: string[]) => send(words),
    sendToPrimaries: async (words: string[]) => [await send(words)],
  };
  return open({ client, addresses, routes }, options);
}
