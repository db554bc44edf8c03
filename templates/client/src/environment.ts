import { readFileSync } from 'node:fs';
import type { Address, StackDescription, View } from './description.js';
import { RedisError } from './errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How to log in, and how the connection is encrypted; without `tls` it is not. */
export interface Login {
  readonly username: string;
  readonly password: string;
  readonly tls?: Tls;
}

/** What Node's `tls.connect` takes. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
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

/** The user of the data nodes: `REDIS_USER`, or that of the stack. */
export function readLogin(stack: StackDescription, env: Environment): Login {
  const username = env.REDIS_USER || stack.user;
  return { username, password: readSecret(stack.passwordEnv, env), ...readTls(env) };
}

/** The user of the Sentinels. */
export function readSentinelLogin(
  stack: StackDescription & { readonly kind: 'sentinel' },
  env: Environment,
): Login {
  return {
    username: stack.sentinelUser,
    password: readSecret(stack.sentinelPasswordEnv, env),
    ...readTls(env),
  };
}

/**
 * `REDIS_TLS=on` encrypts and trusts the certificate authorities of the system; `REDIS_TLS_CA` names a file with another
 * one, and encrypts as well. `REDIS_TLS_CERT` and `REDIS_TLS_KEY` name the client's own certificate, where the server asks
 * for one, `REDIS_TLS_SERVER_NAME` the name in the server's certificate, where it is not the address.
 */
function readTls(env: Environment): { readonly tls?: Tls } {
  const isOn = readSwitch('REDIS_TLS', env);
  if (isOn === false || (isOn === undefined && !env.REDIS_TLS_CA)) return {};
  const servername = env.REDIS_TLS_SERVER_NAME;
  return {
    tls: {
      ...readText('ca', 'REDIS_TLS_CA', env),
      ...readText('cert', 'REDIS_TLS_CERT', env),
      ...readText('key', 'REDIS_TLS_KEY', env),
      ...(servername ? { servername } : {}),
    },
  };
}

function readSwitch(name: string, env: Environment): boolean | undefined {
  const text = env[name]?.toLowerCase();
  if (!text) return undefined;
  if (['on', 'true', 'yes', '1'].includes(text)) return true;
  if (['off', 'false', 'no', '0'].includes(text)) return false;
  throw new RedisError('redis/bad-environment', `${name} is '${env[name]}'; it can be 'on' or 'off'.`);
}

function readText(option: 'ca' | 'cert' | 'key', name: string, env: Environment): Tls {
  const path = env[name];
  if (!path) return {};
  try {
    return { [option]: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new RedisError('redis/bad-environment', `${name} names '${path}', which cannot be read.`, error);
  }
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
