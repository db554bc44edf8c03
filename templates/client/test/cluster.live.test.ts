import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Cluster, startCluster } from '../../../tests/support/groups.ts';
import { cache } from '../src/cache-aside.js';
import { openRedis, type Redis } from '../src/redis.js';
import { slotOf } from '../src/slot.js';
import { libraries } from './contract/libraries.ts';
import { publish } from './forward.ts';
import { countingLoader, gatedLoader, timed } from './loader.ts';
import { appUser, clusterRights, clusterStack, env, ioredisClusterRights } from './stacks.ts';
import { writeOnwards } from './writer.ts';

const things = cache<string, string>({ name: 'thing', key: (id) => [id], ttlMs: 60_000 });
const ids = Array.from({ length: 60 }, (_, index) => `id ${index}`);

describe.each(libraries)('on a cluster, with a user of few rights, $name', ({ name, cluster: connect }) => {
  let cluster: Cluster;
  let redis: Redis;
  let other: Redis;

  beforeAll(async () => {
    const more = name.startsWith('ioredis') ? ioredisClusterRights : [];
    const directives = appUser([...clusterRights, ...more]);
    cluster = await startCluster({
      engine: newest('redis'),
      shards: 3,
      replicas: 1,
      nodeTimeoutMs: 1000,
      directives,
    });
    const stack = clusterStack(cluster.nodes);
    [redis, other] = await Promise.all([
      openRedis(connect, stack, { env }),
      openRedis(connect, stack, { env }),
    ]);
  });
  afterEach(() => cluster.heal());
  afterAll(async () => {
    await Promise.all([redis?.close(), other?.close()]);
    await cluster?.stop();
  });

  test('many ids across all shards are read, loaded once and kept', async () => {
    const users = redis.use(things);
    const loader = countingLoader(() => undefined, 5);
    const load = async (missing: readonly string[]) => {
      await loader.load();
      return missing.map((id) => `value ${id}`);
    };
    const expected = ids.map((id) => `value ${id}`);
    expect(await users.getMany(ids, load)).toEqual(expected);
    expect(await other.use(things).getMany(ids, load)).toEqual(expected);
    expect(loader.calls).toBe(1);
    const sizes = await Promise.all((await cluster.primaries()).map((node) => node.cli('DBSIZE')));
    expect(sizes.every((size) => Number(size) > 0)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + Number(size), 0)).toBe(ids.length);
  });

  test('the slot is the one that the server computes', async () => {
    const [node] = cluster.nodes;
    for (const key of ['', 'a', 'test:{b}', '{}c', 'd{e}{f}', 'ü{ß', '{x}:lease']) {
      expect(slotOf(key)).toBe(Number(await node?.cli('CLUSTER', 'KEYSLOT', key)));
    }
  });

  test('invalidate shuts out a load in another process', async () => {
    const old = gatedLoader('old');
    const [here, there] = [redis.use(things), other.use(things)];
    const first = here.getOrSet('fenced', old.load);
    await old.entered;
    await there.invalidate('fenced');
    old.open();
    await first;
    expect(await here.getOrSet('fenced', async () => 'new')).toBe('new');
  });

  test('from outside, announced addresses are mapped to published ones', async () => {
    const published = await publish(cluster.nodes);
    const outside = await openRedis(
      connect,
      { ...clusterStack(cluster.nodes), host: published.view(3) },
      { env },
    );
    await Promise.all(ids.map((id) => outside.direct.set(id, 'yes')));
    const primaries = await cluster.primaries();
    const passed = published
      .passed()
      .filter((_, index) => primaries.some((node) => node === cluster.nodes[index]));
    expect(Math.min(...passed)).toBeGreaterThan(0);
    for (const id of ids) await outside.direct.delete(id);
    await outside.close();
    published.close();
  });

  test('an idle connection stays', async () => {
    const errors: Error[] = [];
    const onError = (error: Error) => errors.push(error);
    const idle = await openRedis(connect, clusterStack(cluster.nodes), { env, onError });
    await sleep(4000);
    await idle.ping();
    expect(errors).toEqual([]);
    await idle.close();
  });

  test('one shard is frozen: its keys come from the loader, the others from Redis', async () => {
    const users = redis.use(things);
    const load = async (missing: readonly string[]) => missing.map((id) => `value ${id}`);
    await users.getMany(ids, load);
    const frozen = await cluster.primary(`test:thing:v1:{${encodeURIComponent('id 0')}}`);
    const loads = users.stats().loads;
    frozen.freeze();
    const first = await timed(() => users.getMany(ids, load));
    const next = await timed(() => users.getMany(ids, load));
    frozen.thaw();
    expect(first.ms).toBeLessThan(2000);
    expect(next.ownMs).toBeLessThan(150);
    const fromLoader = users.stats().loads - loads;
    expect(fromLoader).toBeGreaterThan(0);
    expect(fromLoader).toBeLessThan(ids.length * 1.5);
    expect(redis.resting()).toHaveLength(1);
  });

  test('a primary is killed: reads are answered, writes wait and go on', async () => {
    const users = redis.use(things);
    const writer = writeOnwards(redis.direct);
    await writer.acknowledged(50);
    const old = await cluster.primary('test:counter');
    await old.kill();
    const load = async (missing: readonly string[]) => missing.map((id) => `value ${id}`);
    const read = await timed(() => users.getMany(ids, load));
    expect(read.value).toEqual(ids.map((id) => `value ${id}`));
    expect(read.ms).toBeLessThan(2000);
    await writer.acknowledgedSince(20);
    const { longestGapMs, errors } = await writer.stop();
    expect(errors).toEqual([]);
    expect(longestGapMs).toBeLessThan(20_000);
  });

  test('no command was refused for want of rights', async () => {
    const logs = await Promise.all((await cluster.primaries()).map((node) => node.cli('ACL', 'LOG')));
    expect(logs.filter(Boolean)).toEqual([]);
  });
});
