import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackDescription } from './description.js';
import { badUse } from './names.js';
import { stack as ownStack } from './stack.js';
import { startClusterTest } from './testing-cluster.js';
import type { Answer } from './testing-command.js';
import { addressesOf, type TestGroup } from './testing-group.js';
import { Leash } from './testing-leash.js';
import { startSentinelTest } from './testing-sentinel.js';
import { findServer, type ServerPlan, startTestServer, type TestServer, until } from './testing-server.js';

export type { Answer } from './testing-command.js';

export interface StartRedisOptions {
  /**
   * What to start: one server; a primary with replicas and three Sentinels; or a cluster of three primaries with replicas.
   *
   * @default that of the stack
   */
  readonly topology?: StackDescription['kind'];
  /**
   * Replicas of each primary; a failover needs one.
   *
   * @default 1, and none beside a single server
   */
  readonly replicas?: number;
  /**
   * Whose names of users, passwords and the watched primary the servers take on.
   *
   * @default the stack that this module was written for
   */
  readonly stack?: StackDescription;
  /**
   * The path of `redis-server` or `valkey-server`.
   *
   * @default what the variable REDIS_SERVER names, else the first one on the PATH
   */
  readonly server?: string;
  /**
   * More lines for the configuration of every server that has data, such as `maxmemory-policy noeviction`.
   *
   * @default none
   */
  readonly directives?: readonly string[];
}

/** What the application's user may do, as in the stack: everything with data, nothing that endangers the server. */
const applicationRules =
  '~* &* +@all -@admin -@dangerous +info +role +cluster|slots +cluster|shards +cluster|nodes +cluster|info +cluster|myid';

/**
 * Starts real servers for a test, on free ports of this machine. They keep what was written when they are killed and started
 * again, and end with this process at the latest. Rejects with `redis/bad-environment` where there is no server program.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<TestRedis> {
  const { stack = ownStack, topology = stack.kind, replicas = 1, directives = [] } = options;
  const program = findServer(options.server, process.env);
  if (!(Number.isSafeInteger(replicas) && replicas >= 0))
    throw badUse(`There cannot be ${replicas} replicas.`);
  const secrets = { data: randomUUID(), sentinel: randomUUID() };
  const names = sentinelNames(stack);
  const folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const leash = new Leash(folder);
  const plan: ServerPlan = {
    program,
    folder,
    leash,
    directives: [
      'save ""',
      'appendonly yes',
      'repl-diskless-sync-delay 0',
      ...directives,
      `user ${stack.user} on >${secrets.data} ${applicationRules}`,
    ],
  };
  const watching = { ...plan, directives: [`user ${names.sentinelUser} on >${secrets.sentinel} &* +@all`] };
  const start = {
    standalone: () => startAlone(plan),
    sentinel: () =>
      startSentinelTest({ data: plan, sentinel: watching, replicas, primaryName: names.primaryName }),
    cluster: () => startClusterTest(plan, replicas),
  };
  try {
    const group = await start[topology]();
    const addresses = group.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
    const passwords = { [names.sentinelPasswordEnv]: secrets.sentinel, [stack.passwordEnv]: secrets.data };
    const env = { ...passwords, REDIS_ADDRESSES: addresses };
    return new TestRedis(topology, env, group, leash);
  } catch (error) {
    await leash.end();
    throw error;
  }
}

/** Those of the stack, or the usual ones for a stack without Sentinels. */
function sentinelNames(stack: StackDescription) {
  if (stack.kind === 'sentinel') return stack;
  return {
    primaryName: 'mymaster',
    sentinelUser: stack.user,
    sentinelPasswordEnv: 'REDIS_SENTINEL_PASSWORD',
  };
}

async function startAlone(plan: ServerPlan): Promise<TestGroup> {
  const server = await startTestServer(plan);
  return {
    addresses: addressesOf([server]),
    nodes: [server],
    servers: [server],
    primary: async () => server,
    failover: async () => {
      throw badUse('One server alone has nobody to take over.');
    },
  };
}

/**
 * Servers of a test. Where a call takes a key, it is about the primary that holds it: on a cluster that of one shard,
 * elsewhere the only one.
 */
export class TestRedis {
  readonly topology: StackDescription['kind'];
  /** For `connectRedis({ env })`: the addresses and the passwords. */
  readonly env: Readonly<Record<string, string>>;
  readonly #group: TestGroup;
  readonly #leash: Leash;
  #stopping: Promise<void> | undefined;

  constructor(
    topology: StackDescription['kind'],
    env: Readonly<Record<string, string>>,
    group: TestGroup,
    leash: Leash,
  ) {
    this.topology = topology;
    this.env = env;
    this.#group = group;
    this.#leash = leash;
  }

  /** Asks the primary of a key, with every right; rejects with the words of the server. */
  async command(key: string, ...words: readonly string[]): Promise<Answer> {
    return (await this.#group.primary(key)).command(...words);
  }

  /** The primary says nothing more, and closes no connection. */
  async freeze(key = ''): Promise<void> {
    (await this.#group.primary(key)).freeze();
  }

  /** Servers that were frozen go on. */
  thaw(): void {
    for (const node of this.#group.nodes) node.thaw();
  }

  /** The primary is gone at once, as in a crash. */
  async kill(key = ''): Promise<void> {
    await (await this.#group.primary(key)).kill();
  }

  /** Servers that were killed come back, with the data that they had. */
  async restart(): Promise<void> {
    await Promise.all(this.#group.nodes.map((node) => node.start()));
  }

  /**
   * Waits until a replica is the primary: at once where the old one can hand over, otherwise when the others notice that it
   * is frozen or killed. Rejects with `redis/bad-use` on a single server, and with `redis/deadline` after twenty seconds.
   */
  failover(key = ''): Promise<void> {
    return this.#group.failover(key);
  }

  /** Deletes everything. */
  async flush(): Promise<void> {
    const isDone = (node: TestServer): Promise<boolean> =>
      node.command('FLUSHALL').then(
        () => true,
        // Replicas follow their primary.
        (error: unknown) => String(error).includes('READONLY'),
      );
    const up = this.#group.nodes.filter((node) => node.isUp);
    await until('all to be deleted', async () => (await Promise.all(up.map(isDone))).every(Boolean));
  }

  /** Ends the servers and removes their files. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#group.servers.map((server) => server.kill()));
    await this.#leash.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
