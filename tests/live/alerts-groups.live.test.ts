import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentialsOf } from '../../src/local/credentials.ts';
import { openConnection } from '../../src/redis/connection.ts';
import { realFiles } from '../../src/system.ts';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { expectHealthy, expectMetrics, expectPicture, seen } from './alert-stories.ts';
import { createStack, type Stack } from './stack.ts';
import { type Watch, watch } from './watch.ts';

let w: Watch;
const stacks: Stack[] = [];

beforeAll(async () => {
  const make = async (engine: 'redis' | 'valkey', ...flags: readonly string[]) => {
    const stack = await createStack(newest(engine), '--targets', 'monitoring', ...flags);
    stacks.push(stack);
    await stack.up();
  };
  await make('redis', '--name', 'guarded', '--topology', 'sentinel', '--workload', 'primary-data');
  await make('valkey', '--name', 'spread', '--topology', 'cluster', '--workload', 'primary-data');
  w = await watch(stacks);
});

afterAll(async () => {
  await w?.close();
  for (const stack of stacks) await stack.dispose();
});

function of(name: string) {
  const found = w.stacks.find(({ facts }) => facts.stack === name);
  if (!found) throw new Error(`no stack ${name}`);
  return found;
}

async function order(name: string, node: string, ...words: readonly string[]): Promise<unknown> {
  const { stack, model } = of(name);
  const port = model.nodes.find((one) => one.name === node)?.port ?? 0;
  const login = credentialsOf(realFiles, stack.dir, 'admin', model);
  const connection = await openConnection({ host: '127.0.0.1', port }, login, 5000);
  try {
    return await connection.call(...words);
  } finally {
    connection.close();
  }
}

async function signal(name: string, node: string, what: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  await of(name).stack.signal(node, what);
}

const primaryOf = async (name: string, shard = '1'): Promise<string> => {
  const [found] = await w.query(`redis_instance_info{stack="${name}",role="master",shard="${shard}"}`);
  return found?.metric.node ?? '';
};
const replicasOf = async (name: string, shard = '1'): Promise<readonly string[]> => {
  const found = await w.query(`redis_instance_info{stack="${name}",role="slave",shard="${shard}"}`);
  return found.map(({ metric }) => metric.node ?? '');
};

describe('alerts on stacks of many nodes', () => {
  it('are silent while nothing is wrong', () => expectHealthy(w));

  it('and every picture of the dashboard shows something', () => expectPicture(w, 'guarded', 'spread'));

  it.each([
    ['guarded', 'node-1'],
    ['guarded', 'sentinel-1'],
    ['spread', 'shard-1-1'],
  ])('the exporter of %s %s asked for nothing that it may not have', async (name, node) => {
    expect(JSON.stringify(await order(name, node, 'ACL', 'LOG'))).not.toContain('user=exporter');
  });

  it('a replica that is frozen, and one that cannot log in', async () => {
    const primary = await primaryOf('guarded');
    const [frozen = '', locked = ''] = await replicasOf('guarded');
    await signal('guarded', frozen, 'SIGSTOP');
    const lagging = await seen(w, 'guarded', 'RedisReplicaLagging', 40_000);
    expect(lagging.labels.node).toBe(primary);
    expect((await seen(w, 'guarded', 'RedisNodeDown')).labels).toMatchObject({
      node: frozen,
      severity: 'warning',
    });
    await order('guarded', locked, 'CONFIG', 'SET', 'masterauth', 'guess');
    await order('guarded', primary, 'CLIENT', 'KILL', 'TYPE', 'replica');
    expect((await seen(w, 'guarded', 'RedisReplicaLinkDown')).labels.node).toBe(locked);
    await seen(w, 'guarded', 'RedisReplicasMissing');
    // Nobody listens: writes are refused, so that a failover loses none.
    await until('writes to be refused', () =>
      order('guarded', primary, 'SET', 'key', 'value').then(
        () => false,
        (error: Error) => error.message.includes('NOREPLICAS'),
      ),
    );
    expect((await seen(w, 'guarded', 'RedisWritesRefused')).labels.err).toBe('NOREPLICAS');
    await signal('guarded', frozen, 'SIGCONT');
    const password = loginPassword('guarded');
    await order('guarded', locked, 'CONFIG', 'SET', 'masterauth', password);
    await w.quiet('guarded', 'RedisReplicasMissing');
    await w.quiet('guarded', 'RedisReplicaLinkDown');
  });

  it('a Sentinel of another opinion, that knows nobody', async () => {
    // After a failover the others would put it right: their knowledge is then younger than its own.
    const port = of('spread').model.nodes[0]?.port;
    await order('guarded', 'sentinel-3', 'SENTINEL', 'REMOVE', 'mymaster');
    await order('guarded', 'sentinel-3', 'SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', String(port), '2');
    await seen(w, 'guarded', 'RedisSentinelsDisagree');
    expect((await seen(w, 'guarded', 'RedisSentinelBlind')).labels.node).toBe('sentinel-3');
    await signal('guarded', 'sentinel-3', 'SIGKILL');
  });

  it('a failover', async () => {
    const before = await primaryOf('guarded');
    await order('guarded', 'sentinel-1', 'SENTINEL', 'FAILOVER', 'mymaster');
    const alert = await seen(w, 'guarded', 'RedisFailover');
    expect(alert.labels.node).not.toBe(before);
    await until('the former primary to be a replica', async () =>
      (await replicasOf('guarded')).includes(before),
    );
  });

  it('Sentinels: frozen, and gone', async () => {
    await signal('guarded', 'sentinel-1', 'SIGSTOP');
    await until('the frozen one to be missed', async () =>
      (await w.alerts('guarded')).some(
        ({ labels, state }) =>
          labels.alertname === 'RedisSentinelDown' && labels.node === 'sentinel-1' && state === 'firing',
      ),
    );
    await seen(w, 'guarded', 'RedisSentinelDown');
    await signal('guarded', 'sentinel-1', 'SIGCONT');
    expect((await seen(w, 'guarded', 'RedisSentinelTilt')).labels.node).toBe('sentinel-1');
    await signal('guarded', 'sentinel-2', 'SIGKILL');
    await seen(w, 'guarded', 'RedisSentinelQuorumLost');
  });

  it('two primaries, and none', async () => {
    await signal('guarded', 'sentinel-1', 'SIGKILL');
    const primary = await primaryOf('guarded');
    const replicas = await replicasOf('guarded');
    const [second = ''] = replicas;
    await order('guarded', second, 'REPLICAOF', 'NO', 'ONE');
    await seen(w, 'guarded', 'RedisTwoPrimaries');
    await signal('guarded', primary, 'SIGKILL');
    await signal('guarded', second, 'SIGKILL');
    await seen(w, 'guarded', 'RedisNoPrimary');
  });

  it('a cluster: forgotten, a gap in the slots, and a shard that is lost', async () => {
    const [replica = ''] = await replicasOf('spread', '3');
    const id = String(await order('spread', replica, 'CLUSTER', 'MYID'));
    const first = await primaryOf('spread', '1');
    await order('spread', first, 'CLUSTER', 'FORGET', id);
    await seen(w, 'spread', 'RedisClusterNodesMissing');
    const owner = await primaryOf('spread', '2');
    await order('spread', owner, 'CLUSTER', 'DELSLOTSRANGE', '6000', '6100');
    expect((await seen(w, 'spread', 'RedisClusterSlotsUnassigned')).annotations.summary).toContain('16283');
    await order('spread', owner, 'CLUSTER', 'ADDSLOTSRANGE', '6000', '6100');
    await w.quiet('spread', 'RedisClusterSlotsUnassigned');
    const lost = of('spread').model.nodes.filter(({ shard }) => shard === 3);
    for (const { name } of lost) await signal('spread', name, 'SIGKILL');
    await seen(w, 'spread', 'RedisClusterSlotsFailing');
    await seen(w, 'spread', 'RedisClusterDown');
    expect((await seen(w, 'spread', 'RedisNoPrimary')).labels.shard).toBe('3');
    await order('spread', first, 'SET', 'key', 'value').catch(() => undefined);
    await order('spread', first, 'SET', 'another', 'value').catch(() => undefined);
    expect((await seen(w, 'spread', 'RedisWritesRefused')).labels.err).toBe('CLUSTERDOWN');
  });

  it('every figure that rules ask for was there', () => expectMetrics(w));
});

function loginPassword(name: string): string {
  const { stack, model } = of(name);
  return credentialsOf(realFiles, stack.dir, 'replication', model).password;
}
