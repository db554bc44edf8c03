import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NEEDED_COMMANDS } from '../../src/migrate/look/facts.ts';
import { survey } from '../../src/migrate/look/index.ts';
import { startCluster } from '../support/cluster.ts';
import { engines } from '../support/engines.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';
import {
  ANYONE,
  against,
  at,
  connected,
  ending,
  found,
  ids,
  look,
  model,
  OLD,
  server,
} from './look-servers.ts';

describe('a look at real servers', () => {
  it.each(engines().map((one) => [`${one.name} ${one.line}`, one] as const))(
    '%s tells all that is asked, and an empty one has nothing against it',
    async (_, one) => {
      const empty = await server(one);
      const facts = await look(empty);
      const [node] = facts.nodes;
      expect(facts).toMatchObject({ unseen: [], silent: [] });
      expect(node).toMatchObject({
        engine: one.name,
        version: one.version,
        databases: [],
        replication: { role: 'primary', bufferLimit: { hardBytes: 268_435_456 }, minReplicasToWrite: 0 },
        persistence: { loading: false, lastSave: 'ok', logEnabled: false, snapshots: false },
        functionLibraries: 0,
        rights: Object.fromEntries(NEEDED_COMMANDS.map((command) => [command, true])),
      });
      expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
      const same = model({
        engine: { name: one.name, version: one.line },
        topology: { kind: 'standalone' },
      });
      expect(ids(facts, same)).toEqual([]);
      expect(await empty.cli('DBSIZE')).toBe('0');
    },
  );

  it('a key in database 3 stops the way into a cluster, and not into 16 databases', async () => {
    const source = await server();
    await source.cli('-n', '3', 'SET', 'k', 'v');
    const facts = await look(source);
    expect(found(facts, 'databases')).toMatchObject({ level: 'stops' });
    expect(found(facts, 'databases').message).toContain('1 in database 3');
    expect(found(facts, 'databases-chosen').message).toContain('SELECT 1');
    expect(ids(facts, model({ topology: { kind: 'standalone' }, databases: 16 }))).toEqual([]);
  });

  it('commands with several keys, scripts and functions are counted', async () => {
    const source = await server();
    await source.cli('MSET', 'a', '1', 'b', '2');
    await source.cli('MSET', 'c', '1', 'd', '2');
    await source.cli('RENAME', 'a', 'e');
    await source.cli('EVAL', 'return 1', '0');
    await source.cli(
      'FUNCTION',
      'LOAD',
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
    const facts = await look(source);
    expect(found(facts, 'several-slots').message).toContain('MSET 2, RENAME 1 calls');
    expect(found(facts, 'scripts-and-transactions').message).toContain('EVAL 1');
    expect(found(facts, 'functions').message).toContain('1 function library');
    expect(against(facts).filter(({ level }) => level === 'stops')).toEqual([]);
  });

  it('a user without rights leaves facts unknown, each with the words of the server', async () => {
    const source = await server();
    await source.cli('SET', 'k', 'v');
    await source.cli('ACL', 'SETUSER', 'narrow', 'on', '>pw', '~*', '+@read', '-@dangerous', '+hello');
    const facts = await survey([at(source)], { username: 'narrow', password: 'pw' }, { betweenMs: 100 });
    expect(facts.nodes[0]).toMatchObject({ engine: 'redis', version: OLD.version });
    expect(facts.nodes[0]).toMatchObject({ memory: undefined, clients: undefined, replication: undefined });
    expect(facts.unseen.map(({ what }) => what)).toContain('what INFO tells');
    expect(facts.unseen.every(({ why }) => why.startsWith('NOPERM'))).toBe(true);
    expect(against(facts).map(({ level, id }) => [level, id])).toEqual([['warns', 'not-seen']]);
  });

  it('commands that the server hides stop a copy from there', async () => {
    const hiding = [
      ['rename-command', 'PSYNC', 'other-psync'],
      ['rename-command', 'CONFIG', ''],
    ];
    const facts = await look(await server(OLD, ...hiding));
    expect(facts.nodes[0]?.rights).toMatchObject({ psync: false, 'config|set': false, 'client|pause': true });
    expect(found(facts, 'commands-refused').message).toContain('PSYNC');
    expect(found(facts, 'commands-missing').message).toContain('CONFIG SET');
    expect(found(facts, 'not-seen').message).toContain('client-output-buffer-limit');
  });

  it('who does not answer, or refuses the login, is named', async () => {
    const source = await server();
    const port = await freePort();
    const facts = await look(source, { port });
    expect(found(facts, 'silent').at).toBe(`127.0.0.1:${port}`);
    const wrong = await survey([at(source)], { username: 'nobody', password: 'x' });
    expect(found(wrong, 'silent').message).toContain('WRONGPASS');
  });

  it('more data than the new servers take stops with noeviction, and warns where keys may be dropped', async () => {
    const source = await server();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await source.cli('SETRANGE', key, '29999999', 'x');
    const facts = await look(source);
    expect(facts.nodes[0]?.memory?.usedBytes).toBeGreaterThan(180_000_000);
    const small = (eviction: string, shards: number) =>
      model({
        topology: { kind: 'cluster', shards, replicas: 0 },
        workload: [eviction === 'noeviction' ? 'primary-data' : 'cache'],
        memory: { limit: '128Mi', eviction },
      });
    const limit = small('noeviction', 3).memory.maxmemoryBytes;
    expect(limit).toBeGreaterThan(61_000_000);
    expect(limit).toBeLessThan(180_000_000);
    expect(found(facts, 'memory-first', small('noeviction', 4)).level).toBe('stops');
    expect(found(facts, 'memory-first', small('allkeys-lru', 4)).level).toBe('warns');
    const one = model({
      topology: { kind: 'standalone' },
      memory: { limit: '128Mi', eviction: 'noeviction' },
    });
    expect(found(facts, 'memory-target', one).level).toBe('stops');
    expect(facts.nodes[0]?.bigKey?.bytes).toBeGreaterThan(29_000_000);
    expect(found(facts, 'big-key').level).toBe('warns');
  });

  it('clients that wait and listen are counted, and the one that asks is not', async () => {
    const source = await server();
    const waiting = await connected(source);
    await waiting.call('CLIENT', 'SETNAME', 'worker');
    const blocked = waiting.call('BLPOP', 'queue', '0').catch(() => undefined);
    ending.push(() => blocked);
    const listening = await connected(source);
    await listening.batch([['SSUBSCRIBE', 'news']]).catch(() => undefined);
    const facts = await look(source);
    expect(facts.nodes[0]?.clients).toMatchObject({ connected: 2, blocked: 1, subscribed: 1 });
    expect(facts.nodes[0]?.clients?.groups).toContainEqual(
      expect.objectContaining({ user: 'default', name: 'worker', count: 1 }),
    );
    expect(found(facts, 'clients-reconnect').message).toContain(
      '1 wait in a blocking command, 1 are subscribed',
    );
  });

  it('a failed snapshot stops', async () => {
    const source = await server();
    mkdirSync(join(source.dir, 'dump.rdb'));
    await source.cli('BGSAVE');
    await until('the snapshot has failed', async () =>
      (await source.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    expect(found(await look(source), 'persistence-failing').message).toContain('rdb_last_bgsave_status');
  });

  it('written bytes are exact once something replicates; a replica is not a source', async () => {
    const source = await server();
    expect((await look(source)).nodes[0]?.load?.exact).toBe(false);
    const replica = await server(OLD, ['replicaof', '127.0.0.1', String(source.port)]);
    await until('the replica is linked', async () =>
      (await replica.cli('INFO', 'replication')).includes('master_link_status:up'),
    );
    const writer = await connected(source);
    const looking = survey([at(source), at(replica)], ANYONE, { betweenMs: 1000 });
    const value = 'x'.repeat(10_000);
    for (let i = 0; i < 200; i++) await writer.call('SET', `k${i}`, value);
    const facts = await looking;
    const [primary, second] = facts.nodes;
    expect(primary?.load?.exact).toBe(true);
    expect(primary?.load?.writtenBytesPerSecond).toBeGreaterThan(200_000);
    expect(primary?.load?.writtenBytesPerSecond).toBeLessThan(2_200_000);
    expect(primary?.replication?.followers).toMatchObject([{ state: 'online' }]);
    expect(second?.replication).toMatchObject({ role: 'replica', linkUp: true, follows: at(source) });
    expect(ids(facts)).toContain('source-is-replica');
    await source.kill();
    await until('the link is down', async () =>
      (await replica.cli('INFO', 'replication')).includes('master_link_status:down'),
    );
    expect(found(await look(replica), 'replica-unlinked').level).toBe('stops');
  });

  it('a slot left open, and a cluster that is not whole, stop', async () => {
    const cluster = await startCluster({ engine: OLD, shards: 3, replicas: 0, nodeTimeoutMs: 1000 });
    ending.push(() => cluster.stop());
    const [first, second, third] = cluster.nodes;
    if (!first || !second || !third) throw new Error('three nodes were asked for');
    expect((await look(...cluster.nodes)).nodes.map((node) => node.cluster?.slotsOk)).toEqual([
      16384, 16384, 16384,
    ]);
    await first.cli('CLUSTER', 'SETSLOT', '7', 'MIGRATING', await second.cli('CLUSTER', 'MYID'));
    const open = found(await look(first, second), 'open-slots');
    expect(open).toMatchObject({ level: 'stops', at: `127.0.0.1:${first.port}` });
    expect(open.message).toContain('7->-');
    await third.kill();
    await until('the cluster calls itself broken', async () =>
      (await first.cli('CLUSTER', 'INFO')).includes('cluster_state:fail'),
    );
    expect(found(await look(first, second), 'cluster-down').level).toBe('stops');
  });
});
