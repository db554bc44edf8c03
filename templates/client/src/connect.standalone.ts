import { createClient } from '@redis/client';
import type { Reach } from './connector.js';
import type { StandaloneStack } from './description.js';
import { type Environment, readLogin, readView } from './environment.js';
import { RedisError } from './errors.js';
import type { Link } from './link.js';
import { commandOptions, commonLink, connectionOptions } from './node-redis.js';
import { staying } from './open.js';

/** Connects to the one server; when it restarts, the connection comes back by itself. */
export function reach(stack: StandaloneStack, env: Environment): Reach {
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
  return { addresses, createLink };
}

export const connect = staying(reach);
