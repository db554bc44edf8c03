import { Cluster, Redis } from 'ioredis';
import type { Address } from '../../../../src/model/types.ts';
import type { Driver, OnBroken, PlainTarget } from '../types.ts';

/** As the library is by default: it reconnects by itself and sends again what was under way. */
export async function openIoredis(target: PlainTarget, onBroken: OnBroken): Promise<Driver> {
  const client = target.kind === 'cluster' ? cluster(target, onBroken) : single(target, onBroken);
  await client.connect();
  return {
    set: (key, value) => client.set(key, value),
    incr: (key) => client.incr(key),
    del: (key) => client.del(key),
    close: () => client.disconnect(),
  };
}

function single(target: PlainTarget & { kind: 'standalone' | 'sentinel' }, onBroken: OnBroken): Redis {
  const client = new Redis({ ...placeOf(target), ...target.login, lazyConnect: true });
  listen(client, onBroken);
  return client;
}

function placeOf(target: PlainTarget & { kind: 'standalone' | 'sentinel' }) {
  if (target.kind === 'standalone') return target.at;
  const { username, password } = target.sentinelLogin;
  return {
    name: target.primaryName,
    sentinels: target.sentinels.map(({ host, port }: Address) => ({ host, port })),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
  };
}

function cluster({ seeds, login }: PlainTarget & { kind: 'cluster' }, onBroken: OnBroken): Cluster {
  const client = new Cluster([...seeds], { lazyConnect: true, redisOptions: { ...login } });
  client.on('error', onBroken);
  client.on('+node', (node: Redis) => listen(node, onBroken));
  return client;
}

/** `close` comes with every end of a connection, also one without an error. */
function listen(client: Redis, onBroken: OnBroken): void {
  let last: unknown;
  client.on('error', (error) => {
    last = error;
  });
  client.on('close', () => onBroken(last ?? new Error('connection closed')));
}
