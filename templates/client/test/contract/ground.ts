import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from '../../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../../tests/support/groups.ts';
import { enginesAt } from '../../../../tests/support/matrix.ts';
import { startServer } from '../../../../tests/support/servers.ts';
import type { ClusterStack, SentinelStack, StandaloneStack } from '../../src/description.js';
import type { Connect } from '../../src/port.js';
import { openRedis, type Redis, type RedisOptions } from '../../src/redis.js';
import { slotOf } from '../../src/slot.js';
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
    // No contract has another one take over.
    const primary = await group.agreedPrimary();
    return {
      open: (library, options) => openRedis(library.sentinel, stack, { env, ...options }),
      cli: (_key, ...words) => primary.cli(...words),
      stop: () => group.stop(),
    };
  },
  async cluster(engine) {
    const shards = 3;
    const cluster = await startCluster({ engine, shards, replicas: 0, directives: generatedUser(engine) });
    const stack = clusterStack(cluster.nodes);
    // Slots stay where they are, so nobody has to be asked for them.
    const holder = (key: string) =>
      cluster.nodes[Math.floor(((slotOf(key) + 1) * shards - 1) / 16_384)] ?? cluster.primary(key);
    return {
      open: (library, options) => openRedis(library.cluster, stack, { env, ...options }),
      cli: async (key, ...words) => (await holder(key)).cli(...words),
      stop: () => cluster.stop(),
    };
  },
};

const topologies: readonly TopologyKind[] = ['standalone', 'sentinel', 'cluster'];
const names = ['node-redis 6', 'ioredis 6', 'ioredis 5'];

/** Holds every contract against every library on one topology, on the engines chosen for the two. */
export function holdContracts(
  topology: TopologyKind,
  libraries: readonly Library[],
  contracts: Readonly<Record<string, Contract>>,
): void {
  const chosen = libraries.flatMap((library) =>
    enginesAt(topologies.indexOf(topology), names.indexOf(library.name)).map((engine) => ({
      library,
      engine,
      title: `${topology}, ${library.name}, ${engine.name} ${engine.version}`,
    })),
  );
  describe.each(chosen)('$title', ({ library, engine }) => {
    let servers: Servers;
    const opened: Redis[] = [];
    let ground: Ground;
    beforeAll(async () => {
      servers = await start[topology](engine);
      const open = async (options?: RedisOptions): Promise<Redis> => {
        const redis = await servers.open(library, options);
        opened.push(redis);
        return redis;
      };
      const [one, other] = await Promise.all([open(), open()]);
      ground = { topology, engine, library, one, other, open, cli: servers.cli };
    });
    afterAll(async () => {
      await Promise.all(opened.map((redis) => redis.close({ drainMs: 1000 })));
      await servers?.stop();
    });

    for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(() => ground));
  });
}
