import { Cluster, Redis } from 'ioredis';
import type { StackDescription } from './description.js';
import { policyOf } from './durable.js';
import { type Environment, readLogin, readSentinelLogin, readView } from './environment.js';
import { RedisError } from './errors.js';
import { backoffMs } from './retry.js';
import { late, within } from './time.js';

/** A connection of the kind that BullMQ takes. */
export type JobsClient = Redis | Cluster;

/**
 * `calls` are made by somebody who waits for the outcome, so they fail after some twenty seconds of an outage; `work` waits
 * for as long as an outage takes, and on the server for up to ten seconds at a time.
 */
export type JobsUse = 'calls' | 'work';

const patience = {
  calls: { maxRetriesPerRequest: 20, socketTimeout: 3000 },
  // BullMQ asks for exactly this: a worker must not end with the server.
  work: { maxRetriesPerRequest: null, socketTimeout: 12_000 },
} as const;

/** Makes a connection that is not connected yet. */
export function createJobsClient(stack: StackDescription, env: Environment, use: JobsUse): JobsClient {
  const { addresses, addressMap } = readView(stack, env);
  const { username, password, tls } = readLogin(stack, env);
  const common = {
    username,
    password,
    ...(tls === undefined ? {} : { tls }),
    connectionName: stack.name,
    connectTimeout: 2000,
    retryStrategy: (attempt: number) => backoffMs(attempt - 1),
    // One more command for the user to be allowed.
    disableClientInfo: true,
    ...patience[use],
  };
  if (stack.kind === 'cluster')
    return new Cluster(
      addresses.map(({ host, port }) => ({ host, port })),
      {
        lazyConnect: true,
        redisOptions: common,
        natMap: (announced) => addressMap[announced] ?? null,
        // Names of hosts stay names: certificates are made out to them.
        dnsLookup: (host, callback) => callback(null, host),
        clusterRetryStrategy: (attempt) => backoffMs(attempt - 1),
        // A server that hangs redirects nobody: who took over is learned from the others.
        slotsRefreshInterval: 2000,
      },
    );
  if (stack.kind === 'standalone') return new Redis({ ...common, ...addresses[0], lazyConnect: true });
  const sentinel = readSentinelLogin(stack, env);
  return new Redis({
    ...common,
    lazyConnect: true,
    name: stack.primaryName,
    sentinels: addresses.map(({ host, port }) => ({ host, port })),
    sentinelUsername: sentinel.username,
    sentinelPassword: sentinel.password,
    ...(sentinel.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: sentinel.tls }),
    natMap: (announced) => addressMap[announced] ?? null,
    sentinelRetryStrategy: (attempt) => backoffMs(attempt - 1),
    // The library's failoverDetector would learn sooner of a server that hangs; but where its word comes while a connection is
    // being made, that one is given up for good, and a command under way is never settled.
    sentinelCommandTimeout: 2000,
  });
}

/** Connects, trying again until it succeeds; rejects with `redis/unreachable` after `withinMs` milliseconds. */
export async function connected(client: JobsClient, withinMs: number): Promise<void> {
  let lastError: unknown;
  const note = (error: unknown): void => {
    lastError = error;
  };
  client.on('error', note);
  const ready = new Promise<void>((resolve) => client.once('ready', resolve));
  // The first attempt alone; the library goes on by itself.
  client.connect().catch(note);
  const outcome = await within(ready, withinMs);
  client.off('error', note);
  if (outcome !== late) return;
  const why = lastError instanceof Error ? `: ${lastError.message}` : '';
  throw new RedisError('redis/unreachable', `No connection within ${withinMs} ms${why}`, lastError);
}

/** Rejects with `redis/may-evict` where a primary drops keys when it is full: BullMQ loses jobs, locks and limits there. */
export async function expectJobsKept(client: JobsClient): Promise<void> {
  const primaries = client instanceof Cluster ? client.nodes('master') : [client];
  for (const policy of (await Promise.all(primaries.map((node) => node.info('memory')))).map(policyOf))
    if (policy !== 'noeviction')
      throw new RedisError(
        'redis/may-evict',
        `Jobs would be dropped when Redis is full: its maxmemory-policy is ${policy}. Use noeviction.`,
      );
}
