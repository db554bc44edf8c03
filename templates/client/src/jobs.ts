import type { Address, StackDescription } from './description.js';
import { type Environment, readLogin, readSentinelLogin, readView } from './environment.js';

/** What `new Queue(name, options)` and `new Worker(name, run, options)` of BullMQ take, by the shape of the stack. */
export interface JobOptions {
  /** Passed to ioredis, which BullMQ brings along; on a cluster, to its `Cluster`. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** Nodes to begin at, for `new Cluster(nodes, options)`; undefined on other topologies. */
  readonly clusterNodes: readonly Address[] | undefined;
  /** Has a hash tag, so that all keys of a queue are in one slot. */
  readonly prefix: string;
}

/**
 * Wires BullMQ to the stack, for jobs with retries, schedules, priorities and flows.
 *
 * Its server must not evict (`maxmemory-policy noeviction`); BullMQ itself warns where it may.
 */
export function jobOptions(stack: StackDescription, env: Environment = process.env): JobOptions {
  const { addresses, addressMap } = readView(stack, env);
  const login = readLogin(stack, env);
  // Workers wait for as long as an outage takes; BullMQ asks for exactly this.
  const common = { ...login, connectionName: stack.name, maxRetriesPerRequest: null };
  const prefix = `${stack.keyPrefix}{jobs}`;
  if (stack.kind === 'cluster')
    return {
      connection: { redisOptions: common, natMap: addressMap, slotsRefreshInterval: 2000 },
      clusterNodes: addresses,
      prefix,
    };
  if (stack.kind === 'sentinel') {
    const sentinel = readSentinelLogin(stack, env);
    return {
      connection: {
        ...common,
        name: stack.primaryName,
        sentinels: addresses,
        sentinelUsername: sentinel.username,
        sentinelPassword: sentinel.password,
        natMap: addressMap,
        failoverDetector: true,
      },
      clusterNodes: undefined,
      prefix,
    };
  }
  return { connection: { ...common, ...addresses[0] }, clusterNodes: undefined, prefix };
}
