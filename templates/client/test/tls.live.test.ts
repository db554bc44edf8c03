import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newestWithTls } from '../../../tests/support/engines.ts';
import { freePort, freePorts, type Server, startServer } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import type { ChannelKind, RedisPort } from '../src/port.js';
import { openRedis, type Redis } from '../src/redis.js';
import { createAuthority } from './certificates.ts';
import { libraries } from './contract/libraries.ts';
import {
  clusterStack,
  generatedSentinelRules,
  generatedUser,
  env as plainEnv,
  sentinelPassword,
  sentinelStack,
  standaloneStack,
} from './stacks.ts';

const engine = newestWithTls('redis');
const authority = createAuthority();
const stranger = createAuthority();
const server = authority.sign('server', 'DNS:localhost', 'IP:127.0.0.1');
const named = authority.sign('named', 'DNS:redis.test');
const client = authority.sign('client');
afterAll(() => {
  authority.remove();
  stranger.remove();
});

const env = {
  ...plainEnv,
  REDIS_TLS_CA: authority.ca,
  REDIS_TLS_CERT: client.cert,
  REDIS_TLS_KEY: client.key,
};
const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };

const encrypted = (port: number, { cert, key } = server): readonly (readonly string[])[] => [
  ['tls-port', `${port}`],
  ['tls-cert-file', cert],
  ['tls-key-file', key],
  ['tls-ca-cert-file', authority.ca],
  ['tls-replication', 'yes'],
];

/** A server, and its encrypted port; the other one closes when it is set up. */
async function startEncrypted(
  options: { readonly certificate?: typeof server; readonly more?: readonly (readonly string[])[] } = {},
) {
  const tlsPort = await freePort();
  const { certificate, more = generatedUser(engine) } = options;
  const started = await startServer({ engine, directives: [...encrypted(tlsPort, certificate), ...more] });
  return { server: started, at: { port: tlsPort } };
}

const closePlain = (started: Server) => started.cli('CONFIG', 'SET', 'port', '0');

/** Commands, subscriptions of every kind and tracking: each kind of connection is encrypted. */
async function exercise(redis: Redis): Promise<void> {
  const port = redis.use(bare);
  await redis.direct.set('k', 'v');
  expect(await redis.direct.get('k')).toBe('v');
  const heard = new Set<string>();
  const kinds: readonly [ChannelKind, string][] = [
    ['channel', 'PUBLISH'],
    ['shard', 'SPUBLISH'],
  ];
  for (const [kind, command] of kinds) {
    await port.subscribe(kind, `test:${kind}`, (text) => heard.add(text));
    await port.call(`test:${kind}`, [command, `test:${kind}`, kind]);
  }
  await until('messages are heard', () => heard.size === kinds.length);
  let ready = 0;
  const primaries = port.primaries();
  const trackings = primaries.map((at) =>
    port.track(at, 'test:', { onWrite: (key) => heard.add(key), onReady: () => ready++, onGap: () => {} }),
  );
  await until('writes are announced', () => ready >= primaries.length);
  await redis.direct.set('tracked', 'v');
  await until('the write is heard', () => heard.has('test:tracked'));
  for (const one of trackings) one.stop();
}

describe.each(libraries)('$name', (library) => {
  const opened = (redis: Redis): Redis => {
    onTestFinished(() => redis.close({ drainMs: 300 }));
    return redis;
  };

  describe('one server', () => {
    let one: Awaited<ReturnType<typeof startEncrypted>>;
    beforeAll(async () => {
      one = await startEncrypted();
      await closePlain(one.server);
    });
    afterAll(() => one?.server.dispose());
    const open = (variables: typeof env | Record<string, string>) =>
      openRedis(library.standalone, standaloneStack(one.at), { env: variables, connectWithinMs: 1500 });

    test('is used through encrypted connections of every kind', async () => {
      await exercise(opened(await open(env)));
    });

    test('with a certificate of another authority is not trusted, and the reason is told', async () => {
      await expect(open({ ...env, REDIS_TLS_CA: stranger.ca })).rejects.toMatchObject({
        code: 'redis/unreachable',
        message: expect.stringMatching(/certificate/),
        cause: { code: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/) },
      });
    });

    test('is not trusted by the authorities of the system alone', async () => {
      const { REDIS_TLS_CA: _, ...others } = env;
      await expect(open({ ...others, REDIS_TLS: 'on' })).rejects.toMatchObject({ code: 'redis/unreachable' });
    });

    test('lets nobody in without a certificate of their own, or without encryption', async () => {
      for (const variables of [{ ...plainEnv, REDIS_TLS_CA: authority.ca }, plainEnv])
        await expect(open(variables)).rejects.toMatchObject({ code: 'redis/unreachable' });
    });
  });

  test('the name in the certificate is held against the address, or against the name that is given', async () => {
    const { server: started, at } = await startEncrypted({ certificate: named });
    onTestFinished(() => started.dispose());
    await closePlain(started);
    const open = (variables: Record<string, string>) =>
      openRedis(library.standalone, standaloneStack(at), { env: variables, connectWithinMs: 1500 });
    await expect(open(env)).rejects.toMatchObject({
      code: 'redis/unreachable',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    await exercise(opened(await open({ ...env, REDIS_TLS_SERVER_NAME: 'redis.test' })));
  });

  test('the primary that encrypted Sentinels name, also after a failover', async () => {
    const primary = await startEncrypted();
    const replicaOf = [['replicaof', '127.0.0.1', `${primary.at.port}`]];
    const replica = await startEncrypted({ more: [...generatedUser(engine), ...replicaOf] });
    const sentinelPort = await freePort();
    const sentinel = await startServer({
      engine,
      sentinel: true,
      directives: [
        ...encrypted(sentinelPort),
        ['sentinel', 'monitor', 'main', '127.0.0.1', `${primary.at.port}`, '1'],
      ],
    });
    onTestFinished(async () => {
      await Promise.all([primary.server, replica.server, sentinel].map((started) => started.dispose()));
    });
    await sentinel.cli('SENTINEL', 'DEBUG', 'info-period', '500');
    const rules = generatedSentinelRules(engine);
    await sentinel.cli('ACL', 'SETUSER', 'watcher', 'on', `>${sentinelPassword}`, ...rules);
    await until('the replica is known and linked', async () => {
      const [known, link] = [
        await sentinel.cli('SENTINEL', 'REPLICAS', 'main'),
        await replica.server.cli('INFO', 'replication'),
      ];
      return /master-link-status\nok/.test(known) && /master_link_status:up/.test(link);
    });
    const redis = opened(
      await openRedis(library.sentinel, sentinelStack([{ port: sentinelPort }], 'main'), { env }),
    );
    await exercise(redis);
    expect(redis.use(bare).primaries()).toEqual([{ host: '127.0.0.1', port: primary.at.port }]);
    await until('a failover is begun', () => sentinel.cli('SENTINEL', 'FAILOVER', 'main'));
    await until('the other one is used', () => redis.use(bare).primaries()[0]?.port === replica.at.port);
    await redis.direct.set('after', 'v');
    expect(await replica.server.cli('GET', 'test:after')).toBe('v');
  });

  test('every primary of an encrypted cluster', async () => {
    const ports = await freePorts(3);
    const nodes = await Promise.all(
      ports.map(async (port) => ({
        at: { port },
        server: await startServer({
          engine,
          directives: [
            ...encrypted(port),
            ['tls-cluster', 'yes'],
            ['cluster-enabled', 'yes'],
            ...generatedUser(engine),
          ],
        }),
      })),
    );
    onTestFinished(async () => {
      await Promise.all(nodes.map((node) => node.server.dispose()));
    });
    const slots = [0, 5461, 10_923, 16_384];
    for (const [index, node] of nodes.entries()) {
      await node.server.cli('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
      const [from = 0, to = 0] = slots.slice(index);
      await node.server.cli('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to - 1}`);
      await node.server.cli('CLUSTER', 'MEET', '127.0.0.1', `${ports[0]}`);
    }
    await until('every node counts three', async () => {
      const infos = await Promise.all(nodes.map((node) => node.server.cli('CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
    });
    await Promise.all(nodes.map((node) => closePlain(node.server)));
    const redis = opened(await openRedis(library.cluster, clusterStack(nodes.map(({ at }) => at)), { env }));
    await exercise(redis);
    await Promise.all(Array.from({ length: 60 }, (_, index) => redis.direct.set(`${index}`, 'v')));
    const sizes = await redis.use(bare).callPrimaries(['DBSIZE']);
    expect(sizes).toHaveLength(3);
    expect(Math.min(...sizes.map(Number))).toBeGreaterThan(0);
  });
});
