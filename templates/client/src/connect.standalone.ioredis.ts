import { Redis } from 'ioredis';
import type { Reach } from './connector.js';
import type { StandaloneStack } from './description.js';
import { type Environment, readLogin, readView } from './environment.js';
import { RedisError } from './errors.js';
import { commonLink, connectionOptions, oneLink } from './ioredis.js';
import { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
import { staying } from './open.js';

/** Connects to the one server; when it restarts, the connection comes back by itself. */
export function reach(stack: StandaloneStack, env: Environment): Reach {
  const { addresses } = readView(stack, env);
  const [address] = addresses;
  if (address === undefined) throw new RedisError('redis/bad-environment', 'The stack has no address.');
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    const common = connectionOptions(stack.name, login);
    const client = new Redis({ ...common, ...address });
    const link = commonLink(client, new Subscriptions(common, { of: () => address }), {
      name: stack.name,
      login,
    });
    return {
      ...link,
      ...oneLink(client),
      primaries: () => [address],
      shardOf: () => stack.name,
    };
  };
  return { addresses, createLink };
}

export const connect = staying(reach);
