import { afterAll, beforeAll, describe } from 'vitest';
import { type Engine, engines } from '../../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../../tests/support/groups.ts';
import { startServer } from '../../../../tests/support/servers.ts';
import type { ClusterStack, SentinelStack, StandaloneStack } from '../../src/description.js';
import type { Connect } from '../../src/port.js';
import { openRedis, type Redis, type RedisOptions } from '../../src/redis.js';
import {
  clusterStack,
  env,
  generatedSentinelRules,
  generatedUser,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from '../stacks.ts';

export type TopologyKind = 'standalone' | 'sentinel' | 'cluster';

/** A client library, as the three ways to connect with it. */
export interface Library {
  readonly name: string;
  readonly standalone: Connect<StandaloneStack>;
  readonly sentinel: Connect<SentinelStack>;
  readonly cluster: Connect<ClusterStack>;
}

/** Running servers, and how a client of a library connects to them as the user that the generator writes. */
interface Servers {
  open(library: Library, options?: RedisOptions): Promise<Redis>;
  /** Asks the server that holds a key, with every right. */
  cli(key: string, ...words: readonly string[]): Promise<string>;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** What a contract stands on: real servers, and two connections to them as of two processes. */
export interface Ground {
  readonly topology: TopologyKind;
  readonly engine: Engine;
  readonly library: Library;
  readonly one: Redis;
  readonly other: Redis;
  /** Another connection; it is closed when the contract is done. */
  open(options?: RedisOptions): Promise<Redis>;
  /** Asks the server that holds a key, with every right. Keys begin with `test:`. */
  cli(key: string, ...words: readonly string[]): Promise<string>;
}

/** Tests of one pattern, the same for every topology, library and engine. Names of definitions are the contract's own. */
export type Contract = (ground: () => Ground) => void;

const start: Readonly<Record<TopologyKind, (engine: Engine) => Promise<Servers>>> = {
  async standalone(engine) {
    const server = await startServer({ engine, directives: generatedUser(engine) });
    return {
      open: (library, options) => openRedis(library.standalone, standaloneStack(server), { env, ...options }),
      cli: (_key, ...words) => server.cli(...words),
      flush: async () => void (await server.cli('FLUSHALL')),
      stop: () => server.dispose(),
    };
  },
  async sentinel(engine) {
    const group = await startSentinelGroup({
      engine,
      replicas: 1,
      sentinels: 3,
      directives: generatedUser(engine),
    });
    for (const sentinel of group.sentinels)
      await sentinel.cli(
        'ACL',
        'SETUSER',
        'watcher',
        'on',
        `>${sentinelPassword}`,
        ...generatedSentinelRules(engine),
      );
    const stack = sentinelStack(group.sentinels, group.primaryName);
    return {
      open: (library, options) => openRedis(library.sentinel, stack, { env, ...options }),
      cli: async (_key, ...words) => (await group.agreedPrimary()).cli(...words),
      flush: async () => void (await (await group.agreedPrimary()).cli('FLUSHALL')),
      stop: () => group.stop(),
    };
  },
  async cluster(engine) {
    const cluster = await startCluster({ engine, shards: 3, replicas: 0, directives: generatedUser(engine) });
    const stack = clusterStack(cluster.nodes);
    return {
      open: (library, options) => openRedis(library.cluster, stack, { env, ...options }),
      cli: async (key, ...words) => (await cluster.primary(key)).cli(...words),
      flush: async () => {
        for (const node of cluster.nodes) await node.cli('FLUSHALL');
      },
      stop: () => cluster.stop(),
    };
  },
};

/** The oldest engine at hand and the newest. */
function extremes(): readonly Engine[] {
  const all = engines();
  return [...new Set([all[0], all.at(-1)])].filter((one): one is Engine => one !== undefined);
}

/** Holds every contract against every library on one topology, with the oldest and the newest engine. */
export function holdContracts(
  topology: TopologyKind,
  libraries: readonly Library[],
  contracts: Readonly<Record<string, Contract>>,
): void {
  describe.each(extremes())(`${topology}, $name $version`, (engine) => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await start[topology](engine);
    });
    afterAll(() => servers?.stop());

    describe.each(libraries)('$name', (library) => {
      const opened: Redis[] = [];
      let ground: Ground;
      beforeAll(async () => {
        const open = async (options?: RedisOptions): Promise<Redis> => {
          const redis = await servers.open(library, options);
          opened.push(redis);
          return redis;
        };
        // Libraries share the servers, and definitions of one name their keys.
        await servers.flush();
        const [one, other] = await Promise.all([open(), open()]);
        ground = { topology, engine, library, one, other, open, cli: servers.cli };
      });
      afterAll(() => Promise.all(opened.map((redis) => redis.close({ drainMs: 1000 }))));

      for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(() => ground));
    });
  });
}
