import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newest } from './engines.ts';
import { type Group, startCluster, startReplicated, startSentinelGroup } from './groups.ts';
import { type Server, startServer } from './servers.ts';
import { until } from './until.ts';

function during<T extends Group>(group: T): T {
  onTestFinished(() => group.stop());
  return group;
}

const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

const arrives = (replica: Server | undefined, key: string, value: string) =>
  until(`${key} arrives`, async () => (await replica?.cli('GET', key)) === value);

describe.each([newest('redis'), newest('valkey')])('$name $line', (engine) => {
  test('a server serves, survives a freeze and a crash, and leaves nothing behind', async () => {
    const server = await startServer({
      engine,
      directives: [
        ['appendonly', 'yes'],
        ['appendfsync', 'always'],
      ],
    });
    onTestFinished(() => server.dispose());
    expect(await server.cli('SET', 'greeting', 'hello there')).toBe('OK');
    server.freeze();
    const late = server.cli('GET', 'greeting');
    server.thaw();
    expect(await late).toBe('hello there');
    const { pid } = server;
    await server.kill();
    expect(isRunning(pid)).toBe(false);
    await server.restart();
    expect(await server.cli('GET', 'greeting')).toBe('hello there');
    await expect(server.cli('INCR', 'greeting')).rejects.toThrow(/not an integer/);
    await server.dispose();
    expect(existsSync(server.dir)).toBe(false);
  });

  test('a bad configuration is reported in the words of the server', async () => {
    await expect(startServer({ engine, directives: 'maxmemory-policy sometimes' })).rejects.toThrow(
      /maxmemory-policy/,
    );
  });

  test('a write reaches the replicas, with a password', async () => {
    const auth = { username: 'app', password: 'a "quoted" #secret' };
    const group = during(await startReplicated({ engine, replicas: 2, auth }));
    await (await group.primary()).cli('SET', 'k', 'v');
    for (const replica of await group.replicas()) await arrives(replica, 'k', 'v');
  });

  test('sentinels promote a replica when asked and when the primary is gone', async () => {
    const auth = { password: 'secret' };
    const group = during(
      await startSentinelGroup({ engine, replicas: 2, sentinels: 3, downAfterMs: 500, auth }),
    );
    const second = await group.failover();
    await second.cli('SET', 'k', 'v');
    for (const replica of await group.replicas()) await arrives(replica, 'k', 'v');
    await second.kill();
    const third = await group.failedOver(second);
    expect(await third.cli('GET', 'k')).toBe('v');
  });

  test('a cluster replicates within its shards and hands a shard over', async () => {
    const cluster = during(await startCluster({ engine, shards: 3, replicas: 1, nodeTimeoutMs: 1_000 }));
    const primary = await cluster.primary('k');
    await primary.cli('SET', 'k', 'v');
    const [replica] = await cluster.replicasOf(primary);
    expect(await cluster.failover('k')).toBe(replica);
    expect(await replica?.cli('GET', 'k')).toBe('v');
    expect(await cluster.primaries()).toHaveLength(3);
  });
});
