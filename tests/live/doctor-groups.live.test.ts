import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { engine, newest } from '../support/engines.ts';
import { startReplicated } from '../support/replicated.ts';
import { startSentinelGroup } from '../support/sentinel-group.ts';
import type { Server } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { diagnosed, ended, found, give, ids, server } from './doctor-servers.ts';

const REDIS = newest('redis');
const VALKEY = newest('valkey');
const [first, second] = [0, 1];

const nth = (servers: readonly Server[], index: number): Server => {
  const one = servers[index];
  if (!one) throw new Error(`there is no server ${index}`);
  return one;
};

describe('a primary and its replicas', () => {
  it('a replica that is held up, and one that lost its primary', async () => {
    const group = ended(await startReplicated({ engine: REDIS, replicas: 2 }));
    const primary = await group.primary();
    const [slow] = await group.replicas();
    expect(ids(await diagnosed([primary]))).not.toContain('lagging-replica');
    slow?.freeze();
    await give(
      primary,
      Array.from({ length: 3000 }, (_, i) => ['SET', `k:${i}`, 'x'.repeat(10_000)]),
    );
    const held = await diagnosed([primary], { timeoutMs: 1000 });
    slow?.thaw();
    expect(found(held, 'lagging-replica').message).toMatch(/behind/);
    expect(held.facts.silent).toHaveLength(1);

    await group.settled();
    await slow?.cli('CONFIG', 'SET', 'masterauth', 'wrong');
    await slow?.cli('REPLICAOF', '127.0.0.1', '1');
    expect(ids(await diagnosed([nth([slow ?? primary], first)]))).toContain('replica-link-down');
  });

  it('nodes of different releases and with different settings', async () => {
    const old = await server(engine('redis', '7.0'));
    const group = [old, await server(REDIS, ['replicaof', '127.0.0.1', String(old.port)])];
    await until('the link is up', async () =>
      (await nth(group, second).cli('INFO', 'replication')).includes('master_link_status:up'),
    );
    await nth(group, second).cli('CONFIG', 'SET', 'maxmemory', '50mb');
    const diagnosis = await diagnosed([old]);
    expect(found(diagnosis, 'mixed-versions').evidence.join()).toMatch(/7\.0.*8\.2/s);
    expect(JSON.stringify(found(diagnosis, 'different-settings'))).toContain('maxmemory');
  });
});

describe('a Sentinel group', () => {
  it('a Sentinel that is gone, a quorum that nobody reaches, two primaries, none', async () => {
    const group = ended(
      await startSentinelGroup({ engine: VALKEY, replicas: 2, sentinels: 3, downAfterMs: 2000 }),
    );
    const [watcher, other] = [nth(group.sentinels, first), nth(group.sentinels, second)];
    const healthy = ids(await diagnosed([watcher]));
    for (const id of ['stale-sentinels', 'wrong-quorum', 'two-primaries', 'no-primary'])
      expect(healthy).not.toContain(id);

    await watcher.cli('SENTINEL', 'SET', group.primaryName, 'quorum', '5');
    const unreachable = found(await diagnosed([other]), 'wrong-quorum');
    expect(unreachable).toMatchObject({ severity: 'error' });
    await watcher.cli('SENTINEL', 'SET', group.primaryName, 'quorum', '2');

    await nth(group.sentinels, 2).kill();
    await until('it is missed', async () => ids(await diagnosed([watcher])).includes('stale-sentinels'));

    // A primary that comes back does not know yet that another has taken over.
    const old = await group.primary();
    old.freeze();
    await group.failedOver(old);
    for (const one of [watcher, other]) one.freeze();
    old.thaw();
    const data = group.nodes;
    const split = await diagnosed(data, { timeoutMs: 500 });
    for (const one of [watcher, other]) one.thaw();
    expect(ids(split)).toContain('two-primaries');

    await until('one is left', async () => (await group.primary()) !== undefined);
    const now = await group.primary();
    await other.kill();
    await now.kill();
    await until('nobody is primary', async () => ids(await diagnosed([watcher])).includes('no-primary'), {
      timeoutMs: 30_000,
    });
  });
});

describe('a cluster', () => {
  it('slots of one shard, slots on the move, a shard without a replica, slots of nobody', async () => {
    const cluster = ended(await startCluster({ engine: REDIS, shards: 3, replicas: 1 }));
    const [one, two] = [nth(cluster.nodes, first), nth(cluster.nodes, second)];
    const healthy = ids(await diagnosed([one]));
    for (const id of ['slots-open', 'slots-unbalanced', 'slots-uncovered', 'shard-without-replica'])
      expect(healthy).not.toContain(id);

    const from = await one.cli('CLUSTER', 'MYID');
    const to = await two.cli('CLUSTER', 'MYID');
    await one.cli('CLUSTER', 'SETSLOT', '0', 'MIGRATING', to);
    expect(ids(await diagnosed([two]))).toContain('slots-open');
    await one.cli('CLUSTER', 'SETSLOT', '0', 'STABLE');

    // The cluster is empty, so that slots need no keys to be moved.
    const moved = Array.from({ length: 4000 }, (_, slot) => String(slot));
    await give(
      two,
      moved.flatMap((slot) => [
        ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', from],
        ['CLUSTER', 'SETSLOT', slot, 'NODE', to],
      ]),
    );
    await give(
      one,
      moved.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'NODE', to]),
    );
    await cluster.settled();
    expect(ids(await diagnosed([one]))).toContain('slots-unbalanced');

    const [replica] = await cluster.replicasOf(two);
    await replica?.kill();
    await until('it is missed', async () =>
      ids(await diagnosed([one], { timeoutMs: 1000 })).includes('shard-without-replica'),
    );

    await two.cli('CLUSTER', 'DELSLOTS', '5');
    await until('somebody misses the slot', async () =>
      ids(await diagnosed([two], { timeoutMs: 1000 })).includes('slots-uncovered'),
    );
  });
});
