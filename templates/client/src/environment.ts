import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Address, StackDescription, View } from './description.js';
import { RedisError } from './errors.js';
import { readPasswordFile } from './password-file.js';

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

/**
 * The user of the data nodes: `REDIS_USER`, or that of the stack. Its password is the first line of the file that
 * `REDIS_PASSWORD_FILE` names, or else that of the stack's own variable.
 */
export function readLogin(stack: StackDescription, env: Environment): Login {
  const username = env.REDIS_USER || stack.user;
  const password = readPassword('REDIS_PASSWORD_FILE', stack.passwordEnv, env);
  return { username, password, ...readTls(stack, env) };
}

/** The user of the Sentinels. Where it is the same one, so is its password, unless `REDIS_SENTINEL_PASSWORD_FILE` is set. */
export function readSentinelLogin(
  stack: StackDescription & { readonly kind: 'sentinel' },
  env: Environment,
): Login {
  const isSame = stack.sentinelPasswordEnv === stack.passwordEnv && !env.REDIS_SENTINEL_PASSWORD_FILE;
  const file = isSame ? 'REDIS_PASSWORD_FILE' : 'REDIS_SENTINEL_PASSWORD_FILE';
  const password = readPassword(file, stack.sentinelPasswordEnv, env);
  return { username: stack.sentinelUser, password, ...readTls(stack, env) };
}

/**
 * Where the stack speaks TLS, `REDIS_TLS_CA` names the file with its certificate authority. In any case `REDIS_TLS=on`
 * encrypts and trusts the certificate authorities of the system; `REDIS_TLS_CA` names a file with another one, and
 * encrypts as well; `REDIS_TLS=off` does not encrypt. `REDIS_TLS_CERT` and `REDIS_TLS_KEY` name the client's own
 * certificate, where the server asks for one, `REDIS_TLS_SERVER_NAME` the name in the server's certificate, where it is
 * not the address.
 */
function readTls(stack: StackDescription, env: Environment): { readonly tls?: Tls } {
  const isOn = readSwitch('REDIS_TLS', env);
  if (isOn === false) return {};
  if (isOn === undefined && !env.REDIS_TLS_CA) {
    if (stack.tls)
      throw badEnvironment(
        'REDIS_TLS_CA is not set; it names the file with the certificate authority of the stack, .secrets/tls/ca.crt.',
      );
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

function readPassword(file: string, name: string, env: Environment): string {
  const path = env[file];
  if (path) return readFromFile(file, path);
  const secret = env[name];
  if (secret) return secret;
  throw badEnvironment(`${name} is not set; it holds the password for Redis.`);
}

function readFromFile(name: string, path: string): string {
  try {
    const password = readPasswordFile(path);
    if (password !== '') return password;
  } catch (error) {
    throw badEnvironment(`${name} names '${path}', which cannot be read.`, error);
  }
  throw badEnvironment(`${name} names '${path}', whose first line is empty.`);
}

function parseAddress(text: string): Address {
  const match = /^\s*(?:\[([^\]]+)\]|([^\s:[\]]+)):(\d{1,5})\s*$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port >= 1 && port <= 65535) return { host, port };
  throw badEnvironment(`REDIS_ADDRESSES has '${text}', which is not host:port.`);
}
