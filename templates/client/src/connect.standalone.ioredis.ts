import { Redis } from 'ioredis';
import type { StandaloneStack } from './description.js';
import { readLogin, readView } from './environment.js';
import { RedisError } from './errors.js';
import { commonLink, connectionOptions, oneLink } from './ioredis.js';
import { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
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
  return open(addresses, createLink, options);
}
