import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { startCluster, startSentinelGroup } from '../../../tests/support/groups.ts';
import { type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import { localCache } from '../src/local-tier.js';
import type { ChannelKind, RedisPort } from '../src/port.js';
import { openRedis, type Redis } from '../src/redis.js';
import type { Library } from './contract/ground.ts';
import { libraries } from './contract/libraries.ts';
import {
  clusterStack,
  generatedSentinelRules,
  generatedUser,
  password,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

const next = 'another-app-secret';
const nextSentinel = 'another-sentinel-secret';
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };
const localDefinition = { name: 'local', key: (id: string) => [id], ttlMs: 60_000, localMs: 60_000 };
const own: Definition<() => Promise<RedisPort>> = { name: 'own', open: ({ connectOwn }) => connectOwn };

interface Ground {
  /** Where the application's user is known, and where that of the Sentinels. */
  readonly data: readonly Server[];
  readonly sentinels: readonly Server[];
  open(
    library: Library,
    env: Readonly<Record<string, string>>,
    onError: (error: Error) => void,
  ): Promise<Redis>;
}

const grounds: Readonly<Record<string, () => Promise<Ground>>> = {
  async standalone() {
    const server = await startServer({
      engine: newest('valkey'),
      directives: generatedUser(newest('valkey')),
    });
    onTestFinished(() => server.dispose());
    return {
      data: [server],
      sentinels: [],
      open: (library, env, onError) =>
        openRedis(library.standalone, standaloneStack(server), { env, onError }),
    };
  },
  async sentinel() {
    const engine = newest('redis');
    const group = await startSentinelGroup({
      engine,
      replicas: 1,
      sentinels: 3,
      directives: generatedUser(engine),
    });
    onTestFinished(() => group.stop());
    const rules = generatedSentinelRules(engine);
    for (const one of group.sentinels)
      await one.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
    return {
      data: [await group.primary(), ...(await group.replicas())],
      sentinels: group.sentinels,
      open: (library, env, onError) =>
        openRedis(library.sentinel, sentinelStack(group.sentinels, group.primaryName), { env, onError }),
    };
  },
  async cluster() {
    const engine = newest('valkey');
    const cluster = await startCluster({ engine, shards: 3, replicas: 0, directives: generatedUser(engine) });
    onTestFinished(() => cluster.stop());
    return {
      data: cluster.nodes,
      sentinels: [],
      open: (library, env, onError) =>
        openRedis(library.cluster, clusterStack(cluster.nodes), { env, onError }),
    };
  },
};

/** Two files with passwords, as a rotation rewrites them. */
function passwordFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'passwords-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const app = join(folder, 'app');
  const sentinel = join(folder, 'sentinel');
  const write = (one: string, two: string): void => {
    writeFileSync(app, one);
    writeFileSync(sentinel, two);
  };
  write(`${password}\n`, `${sentinelPassword}\n`);
  return { env: { REDIS_PASSWORD_FILE: app, REDIS_SENTINEL_PASSWORD_FILE: sentinel }, write };
}

const sessions = async (servers: readonly Server[], user: string): Promise<readonly string[]> => {
  const lists = await Promise.all(servers.map((server) => server.cli('CLIENT', 'LIST')));
  return lists.flatMap((list, i) =>
    list
      .split('\n')
      .filter((line) => line.includes(` user=${user} `))
      .map((line) => `${i} ${/^id=\d+/.exec(line)?.[0]}`),
  );
};

const setPasswords = (servers: readonly Server[], user: string, ...rules: readonly string[]) =>
  Promise.all(servers.map((server) => server.cli('ACL', 'SETUSER', user, ...rules)));

const kinds: readonly (readonly [ChannelKind, string, string])[] = [
  ['channel', 'PUBLISH', 'test:channel'],
  ['pattern', 'PUBLISH', 'test:pattern:1'],
  ['shard', 'SPUBLISH', 'test:shard'],
];

describe.each(libraries)('$name', (library) => {
  test.each(Object.keys(grounds))(
    '%s: a running client moves to the password in its file, and nobody notices',
    async (kind) => {
      const ground = await grounds[kind]?.();
      if (ground === undefined) throw new Error(`no ground ${kind}`);
      const { env, write } = passwordFiles();
      const errors: unknown[] = [];
      const redis = await ground.open(library, env, (error) => errors.push(error));
      onTestFinished(() => redis.close({ drainMs: 1000 }));
      const port = redis.use(bare);
      // A worker's connection, which waits on the server most of the time.
      const worker = await redis.use(own)();
      const local = redis.use(localCache<string, number>(localDefinition));

      const heard: Record<ChannelKind, number[]> = { channel: [], pattern: [], shard: [] };
      for (const [of, , channel] of kinds) {
        const name = of === 'pattern' ? 'test:pattern:*' : channel;
        await port.subscribe(of, name, (text) => heard[of].push(Number(text)));
      }
      let isOn = true;
      let said = 0;
      let calls = 0;
      const failures: unknown[] = [];
      const work = [
        (async () => {
          for (; isOn; said++) {
            for (const [, command, channel] of kinds)
              await port.call(channel, [command, channel, String(said)]);
            await sleep(1);
          }
        })(),
        (async () => {
          for (; isOn; calls++) {
            await port.call(`test:${calls % 100}`, ['SET', `test:${calls % 100}`, String(calls)]);
            expect(await port.get(`test:${calls % 100}`)).toBe(String(calls));
          }
        })(),
        (async () => {
          while (isOn) await worker.call('test:list', ['BLPOP', 'test:list', '1']);
        })(),
        (async () => {
          for (; isOn; await sleep(20)) expect(await local.getOrSet('a', async () => 7)).toBe(7);
        })(),
      ].map((one) => one.catch((error: unknown) => failures.push(error)));
      await until('work is under way', () => said > 100 && calls > 100);

      const apps = await sessions(ground.data, 'app');
      const watchers = await sessions(ground.sentinels, 'watcher');
      expect(apps.length).toBeGreaterThanOrEqual(3);
      await setPasswords(ground.data, 'app', `>${next}`);
      await setPasswords(ground.sentinels, 'watcher', `>${nextSentinel}`);
      write(`${next}\n${password}\n`, `${nextSentinel}\n${sentinelPassword}\n`);
      await until(
        'no connection is left from before',
        async () => {
          const left = [
            ...(await sessions(ground.data, 'app')).filter((one) => apps.includes(one)),
            ...(await sessions(ground.sentinels, 'watcher')).filter((one) => watchers.includes(one)),
          ];
          return left.length === 0;
        },
        { timeoutMs: 20_000 },
      );
      await setPasswords(ground.data, 'app', `<${password}`);
      await setPasswords(ground.sentinels, 'watcher', `<${sentinelPassword}`);
      write(`${next}\n`, `${nextSentinel}\n`);
      const before = { said, calls };
      await until('work goes on', () => said > before.said + 200 && calls > before.calls + 200);
      isOn = false;
      await Promise.all(work);
      expect([failures, errors]).toEqual([[], []]);
      await until('the last message is heard', () => kinds.every(([of]) => heard[of].at(-1) === said - 1));
      // Each once, and in order.
      for (const [of] of kinds) expect(heard[of]).toEqual(Array.from({ length: said }, (_, i) => i));

      // Writes are still announced to what is kept in this process.
      const other = await ground.open(library, env, () => {});
      onTestFinished(() => other.close({ drainMs: 1000 }));
      await other.use(localCache<string, number>(localDefinition)).invalidate('a');
      await until('the write was heard of', async () => (await local.getOrSet('a', async () => 8)) === 8);
      await expect(
        ground.open(library, { APP_PASSWORD: password, SENTINEL_PASSWORD: sentinelPassword }, () => {}),
      ).rejects.toThrow();
      expect(readFileSync(env.REDIS_PASSWORD_FILE, 'utf8')).toBe(`${next}\n`);
    },
  );
});
