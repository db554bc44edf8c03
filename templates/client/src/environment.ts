import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
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
  throw badEnvironment(`REDIS_VIEW is '${view}'; it can be 'host' or 'network'.`);
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
  if (isOn === false) return {};
  if (isOn === undefined && !env.REDIS_TLS_CA) {
    // Whoever says this expects encryption, and would not notice its absence.
    const stray = ['REDIS_TLS_CERT', 'REDIS_TLS_KEY', 'REDIS_TLS_SERVER_NAME'].find((name) => env[name]);
    if (stray !== undefined) throw badEnvironment(`${stray} is set, but not REDIS_TLS or REDIS_TLS_CA.`);
    return {};
  }
  if (!env.REDIS_TLS_CERT !== !env.REDIS_TLS_KEY)
    throw badEnvironment('REDIS_TLS_CERT and REDIS_TLS_KEY need each other.');
  const servername = env.REDIS_TLS_SERVER_NAME;
  const tls = {
    ...readText('ca', 'REDIS_TLS_CA', env),
    ...readText('cert', 'REDIS_TLS_CERT', env),
    ...readText('key', 'REDIS_TLS_KEY', env),
    ...(servername ? { servername } : {}),
  };
  checkCertificates(tls);
  return { tls };
}

/** Node takes any text for an authority, and then trusts nobody. */
function checkCertificates({ ca, cert, key }: Tls): void {
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch (error) {
    throw badEnvironment('The file that REDIS_TLS_CA names holds no certificate.', error);
  }
  try {
    if (cert !== undefined && key !== undefined) createSecureContext({ cert, key });
  } catch (error) {
    const files = 'The files that REDIS_TLS_CERT and REDIS_TLS_KEY name';
    throw badEnvironment(`${files} are not a certificate and its key.`, error);
  }
}

const badEnvironment = (message: string, cause?: unknown): RedisError =>
  new RedisError('redis/bad-environment', message, cause);

function readSwitch(name: string, env: Environment): boolean | undefined {
  const text = env[name]?.toLowerCase();
  if (!text) return undefined;
  if (['on', 'true', 'yes', '1'].includes(text)) return true;
  if (['off', 'false', 'no', '0'].includes(text)) return false;
  throw badEnvironment(`${name} is '${env[name]}'; it can be 'on' or 'off'.`);
}

function readText(option: 'ca' | 'cert' | 'key', name: string, env: Environment): Tls {
  const path = env[name];
  if (!path) return {};
  try {
    return { [option]: readFileSync(path, 'utf8') };
  } catch (error) {
    throw badEnvironment(`${name} names '${path}', which cannot be read.`, error);
  }
}

function readSecret(name: string, env: Environment): string {
  const secret = env[name];
  if (secret) return secret;
  throw badEnvironment(`${name} is not set; it holds the password for Redis.`);
}

function parseAddress(text: string): Address {
  const match = /^\s*(?:\[([^\]]+)\]|([^\s:[\]]+)):(\d{1,5})\s*$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port >= 1 && port <= 65535) return { host, port };
  throw badEnvironment(`REDIS_ADDRESSES has '${text}', which is not host:port.`);
}
