import { createClient } from '@redis/client';
import type { StandaloneStack } from './description.js';
import { readLogin, readView } from './environment.js';
import { RedisError } from './errors.js';
import type { Link } from './link.js';
import { commandOptions, commonLink, connectionOptions } from './node-redis.js';
import { open } from './open.js';
import type { ConnectOptions, RedisPort } from './port.js';

/** Connects to the one server; when it restarts, the connection comes back by itself. */
export async function connect(stack: StandaloneStack, options: ConnectOptions = {}): Promise<RedisPort> {
  const env = options.env ?? process.env;
  const { addresses } = readView(stack, env);
  const [address] = addresses;
  if (address === undefined) throw new RedisError('redis/bad-environment', 'The stack has no address.');
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    const common = connectionOptions(stack.name, login);
    const client = createClient({
      ...common,
      RESP: 3,
      commandOptions,
      socket: { ...common.socket, ...address },
    });
    return {
      ...commonLink(client, stack.name, login),
      mget: (keys) => client.sendCommand(['MGET', ...keys]),
      send: (_key, words) => client.sendCommand(words),
      sendToPrimaries: async (words) => [await client.sendCommand(words)],
      primaries: () => [address],
      shardOf: () => stack.name,
    };
  };
  return open(addresses, createLink, options);
}
