import { createClient, createCluster, createSentinel } from '@redis/client';
import type { Driver, OnBroken, PlainTarget } from '../types.ts';

/** As the library is by default: it reconnects by itself and keeps what is asked meanwhile. */
export async function openNodeRedis(target: PlainTarget, onBroken: OnBroken): Promise<Driver> {
  if (target.kind === 'cluster') return clusterDriver(target, onBroken);
  if (target.kind === 'sentinel') return sentinelDriver(target, onBroken);
  const client = createClient({ ...target.login, socket: { ...target.at } });
  client.on('error', onBroken);
  await client.connect();
  return {
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    del: (key) => client.del(key),
    close: () => client.destroy(),
  };
}

async function sentinelDriver(
  { sentinels, sentinelLogin, login, primaryName }: PlainTarget & { kind: 'sentinel' },
  onBroken: OnBroken,
): Promise<Driver> {
  const client = createSentinel({
    name: primaryName,
    sentinelRootNodes: sentinels.map(({ host, port }) => ({ host, port })),
    nodeClientOptions: { ...login },
    sentinelClientOptions: { ...sentinelLogin },
  });
  client.on('error', onBroken);
  client.on('client-error', ({ error }: { error: unknown }) => onBroken(error));
  await client.connect();
  return {
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    del: (key) => client.del(key),
    close: () => client.destroy(),
  };
}

async function clusterDriver(
  { seeds, login }: PlainTarget & { kind: 'cluster' },
  onBroken: OnBroken,
): Promise<Driver> {
  const client = createCluster({
    rootNodes: seeds.map((address) => ({ socket: { ...address } })),
    defaults: { ...login },
  });
  client.on('error', onBroken);
  client.on('node-error', onBroken);
  await client.connect();
  return {
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    del: (key) => client.del(key),
    close: () => client.destroy(),
  };
}
