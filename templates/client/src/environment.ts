import type { Address, StackDescription, View } from './description.js';
import { RedisError } from './errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Chooses the view: `REDIS_ADDRESSES` (`host:port,host:port`) if set, else the one that `REDIS_VIEW` names, else `host`.
 * Rejects unreadable values with `redis/bad-environment`.
 */
export function readView(stack: StackDescription, env: Environment): View {
  const addresses = env.REDIS_ADDRESSES?.trim();
  // Addresses given by hand are those of servers that announce themselves as they can be reached.
  if (addresses) return { addresses: addresses.split(',').map(parseAddress), addressMap: {} };
  const view = env.REDIS_VIEW || 'host';
  if (view === 'host' || view === 'network') return stack[view];
  throw new RedisError('redis/bad-environment', `REDIS_VIEW is '${view}'; it can be 'host' or 'network'.`);
}

/** The user of the data nodes. */
export function readCredentials(stack: StackDescription, env: Environment): Credentials {
  return { username: stack.user, password: readSecret(stack.passwordEnv, env) };
}

/** The user of the Sentinels. */
export function readSentinelCredentials(
  stack: StackDescription & { readonly kind: 'sentinel' },
  env: Environment,
): Credentials {
  return { username: stack.sentinelUser, password: readSecret(stack.sentinelPasswordEnv, env) };
}

function readSecret(name: string, env: Environment): string {
  const secret = env[name];
  if (secret) return secret;
  throw new RedisError('redis/bad-environment', `${name} is not set; it holds the password for Redis.`);
}

function parseAddress(text: string): Address {
  const match = /^\s*(?:\[([^\]]+)\]|([^\s:[\]]+)):(\d{1,5})\s*$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port >= 1 && port <= 65535) return { host, port };
  throw new RedisError('redis/bad-environment', `REDIS_ADDRESSES has '${text}', which is not host:port.`);
}
