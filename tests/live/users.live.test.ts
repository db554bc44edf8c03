import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { type Engine, engines, newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { asUser, loginOf } from './logins.ts';
import { createStack, type NodeRow, type Stack } from './stack.ts';

/** What is tried as every user; each is complete, so that nothing but the user can be wrong with it. */
const TRIED_ON_DATA = [
  ...[
    'PING',
    'INFO all',
    'ROLE',
    'DBSIZE',
    'GET k',
    'MGET k k',
    'SET k v',
    'DEL k',
    'EXPIRE k 100',
    'DUMP k',
  ],
  ...[
    'SCAN 0',
    'RANDOMKEY',
    'XADD stream * a b',
    'PUBLISH news hello',
    'SUBSCRIBE news',
    'MULTI',
    'WAIT 0 1',
  ],
  ...[
    'EVAL return(1) 0',
    'SCRIPT LOAD return(1)',
    'FCALL f 0',
    'FUNCTION FLUSH',
    'FUNCTION DELETE f',
    'KEYS *',
  ],
  ...['SORT k', 'RESTORE k 0 x', 'FLUSHALL', 'FLUSHDB', 'SWAPDB 0 1', 'MIGRATE 127.0.0.1 1 k 0 100'],
  ...['CONFIG GET masterauth', 'CONFIG SET maxmemory 1mb', 'CONFIG REWRITE', 'CONFIG RESETSTAT'],
  ...['DEBUG SLEEP 0', 'MONITOR', 'SHUTDOWN NOSAVE', 'SAVE', 'BGSAVE', 'BGREWRITEAOF'],
  ...['REPLICAOF NO ONE', 'FAILOVER ABORT', 'SYNC', 'PSYNC ? -1', 'REPLCONF capa eof', 'REPLCONF rdb-only 1'],
  ...[
    'ACL LIST',
    'ACL GETUSER admin',
    'ACL SETUSER app ~*',
    'ACL DELUSER app',
    'ACL LOAD',
    'ACL SAVE',
    'ACL LOG',
  ],
  ...['CLIENT LIST', 'CLIENT SETNAME me', 'CLIENT KILL TYPE pubsub', 'CLIENT PAUSE 1', 'CLIENT UNBLOCK 1'],
  ...['CLIENT NO-EVICT on', 'SLOWLOG GET 1', 'SLOWLOG LEN', 'SLOWLOG RESET', 'LATENCY LATEST'],
  ...['LATENCY HISTOGRAM get', 'LATENCY RESET', 'MODULE LIST', 'MODULE LOAD /tmp/x.so'],
  ...['CLUSTER INFO', 'CLUSTER NODES', 'CLUSTER RESET', 'CLUSTER FAILOVER'],
];

const DATA_COMMANDS = [
  ...[
    'PING',
    'DBSIZE',
    'GET k',
    'MGET k k',
    'SET k v',
    'DEL k',
    'EXPIRE k 100',
    'DUMP k',
    'SCAN 0',
    'RANDOMKEY',
  ],
  ...['XADD stream * a b', 'PUBLISH news hello', 'SUBSCRIBE news', 'MULTI', 'WAIT 0 1', 'EVAL return(1) 0'],
  ...['SCRIPT LOAD return(1)', 'FCALL f 0', 'CLIENT SETNAME me'],
];
const OF_AN_APPLICATION = [...DATA_COMMANDS, 'INFO all', 'ROLE', 'CLUSTER INFO', 'CLUSTER NODES'];

/** What of it each user may do. A user that is not here fails the test, and so does one that may more or less. */
const MAY_ON_DATA: Readonly<Record<string, readonly string[]>> = {
  admin: TRIED_ON_DATA,
  app: OF_AN_APPLICATION,
  replication: ['PING', 'PSYNC ? -1', 'REPLCONF capa eof', 'REPLCONF rdb-only 1'],
  probe: ['PING', 'INFO all', 'ROLE', 'CLUSTER INFO'],
  exporter: [
    ...['PING', 'INFO all', 'CLUSTER INFO', 'SLOWLOG GET 1', 'SLOWLOG LEN'],
    ...['LATENCY LATEST', 'LATENCY HISTOGRAM get', 'CLIENT SETNAME me'],
  ],
  sentinel: [
    ...['PING', 'INFO all', 'ROLE', 'MULTI', 'PUBLISH news hello', 'SUBSCRIBE news', 'CONFIG REWRITE'],
    ...['REPLICAOF NO ONE', 'CLIENT SETNAME me', 'CLIENT KILL TYPE pubsub'],
  ],
  backup: ['PING', 'INFO all', 'SYNC', 'REPLCONF rdb-only 1', 'CLUSTER NODES'],
  // Extra users, both for the keys k and stream.
  // It was asked for.
  writer: [...OF_AN_APPLICATION, 'KEYS *'],
  reader: [
    ...['PING', 'DBSIZE', 'GET k', 'MGET k k', 'DUMP k', 'SCAN 0', 'RANDOMKEY', 'CLIENT SETNAME me'],
    ...['WAIT 0 1'],
  ],
};

const TRIED_ON_SENTINELS = [
  ...[
    'PING',
    'INFO',
    'ROLE',
    'SHUTDOWN',
    'PUBLISH news hello',
    'SUBSCRIBE +switch-master',
    'CLIENT SETNAME me',
  ],
  ...['CLIENT LIST', 'CLIENT KILL TYPE pubsub', 'ACL LIST', 'ACL SETUSER app +@all', 'ACL LOAD'],
  ...['SENTINEL GET-MASTER-ADDR-BY-NAME mymaster', 'SENTINEL MASTER mymaster', 'SENTINEL MASTERS'],
  ...[
    'SENTINEL REPLICAS mymaster',
    'SENTINEL SLAVES mymaster',
    'SENTINEL SENTINELS mymaster',
    'SENTINEL CKQUORUM mymaster',
    'SENTINEL MYID',
  ],
  ...['SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *', 'SENTINEL FAILOVER mymaster', 'SENTINEL RESET none'],
  ...['SENTINEL SET mymaster quorum 1', 'SENTINEL REMOVE mymaster', 'SENTINEL MONITOR other 127.0.0.1 1 1'],
  ...['SENTINEL CONFIG GET sentinel-pass', 'SENTINEL CONFIG SET announce-port 0', 'SENTINEL FLUSHCONFIG'],
  ...['SENTINEL DEBUG', 'SENTINEL SIMULATE-FAILURE crash-after-election'],
];

const ASKS_SENTINELS = [
  ...['SENTINEL GET-MASTER-ADDR-BY-NAME mymaster', 'SENTINEL MASTER mymaster', 'SENTINEL MASTERS'],
  ...['SENTINEL REPLICAS mymaster', 'SENTINEL SLAVES mymaster', 'SENTINEL SENTINELS mymaster'],
];

const MAY_ON_SENTINELS: Readonly<Record<string, readonly string[]>> = {
  admin: TRIED_ON_SENTINELS,
  app: [
    ...[...ASKS_SENTINELS, 'SENTINEL MYID', 'PING', 'INFO', 'ROLE', 'SUBSCRIBE +switch-master'],
    'CLIENT SETNAME me',
  ],
  sentinel: [
    ...['PING', 'INFO', 'ROLE', 'PUBLISH news hello', 'CLIENT SETNAME me'],
    ...[
      'SENTINEL GET-MASTER-ADDR-BY-NAME mymaster',
      'SENTINEL MASTER mymaster',
      'SENTINEL REPLICAS mymaster',
    ],
    ...['SENTINEL CKQUORUM mymaster', 'SENTINEL FAILOVER mymaster'],
    'SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *',
  ],
  probe: ['PING', 'INFO', 'ROLE', 'SENTINEL GET-MASTER-ADDR-BY-NAME mymaster', 'SENTINEL CKQUORUM mymaster'],
  exporter: [
    ...['PING', 'INFO', 'CLIENT SETNAME me', 'SENTINEL MASTERS', 'SENTINEL SLAVES mymaster'],
    ...['SENTINEL SENTINELS mymaster', 'SENTINEL CKQUORUM mymaster'],
  ],
};

const USERS = [
  { name: 'writer', access: 'readwrite', keys: ['k', 'stream'], allow: ['keys'] },
  { name: 'reader', access: 'readonly', keys: ['k', 'stream'] },
];

/** The oldest and the newest of what is written for. */
const judged: readonly Engine[] = [engines()[0], newest('redis'), newest('valkey')].filter(
  (one): one is Engine => one !== undefined,
);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(judged)('users on $name $version: each can do its work and nothing else', (engine) => {
  let stack: Stack;
  let nodes: readonly NodeRow[];
  const one = (role: NodeRow['role']): NodeRow => {
    const found = nodes.find((node) => node.role === role);
    if (!found) throw new Error(`there is no ${role}`);
    return found;
  };
  /** As a command line client would: nobody has logged in. */
  const withoutName = (node: NodeRow, ...words: readonly string[]) =>
    execa(engine.cli, ['-h', node.host, '-p', String(node.port), '-e', ...words], { reject: false });

  beforeAll(async () => {
    stack = await createStack(
      engine,
      ...['--topology', 'sentinel', '--set', `security.users=${JSON.stringify(USERS)}`],
    );
    await stack.up();
    nodes = (await stack.status()).nodes;
  });
  afterAll(() => stack?.dispose());

  describe.each([
    ['data nodes', 'primary', TRIED_ON_DATA, MAY_ON_DATA],
    ['Sentinels', 'sentinel', TRIED_ON_SENTINELS, MAY_ON_SENTINELS],
  ] as const)('%s', (_, role, tried, may) => {
    it('hold the users that are judged here, hashed, and nobody without a name', async () => {
      for (const node of nodes.filter((n) => (n.role === 'sentinel') === (role === 'sentinel'))) {
        const lines = ((await asUser(stack, node, 'admin', 'ACL', 'LIST')) as string[]).map(String);
        const names = lines.map((line) => line.split(' ')[1] ?? '').filter((name) => name !== 'default');
        expect(names.filter((name) => !(name in may))).toEqual([]);
        for (const name of names) {
          const facts = (await asUser(stack, node, 'admin', 'ACL', 'GETUSER', name)) as unknown[];
          const fields = new Map(facts.map((field, i) => [String(field), facts[i + 1]] as const));
          expect(fields.get('passwords'), name).toEqual([sha256(loginOf(stack, name).password)]);
          expect(fields.get('flags'), name).toEqual(expect.arrayContaining(['on']));
          expect(fields.get('flags'), name).not.toContain('nopass');
        }
        expect(lines.find((line) => line.startsWith('user default '))).toMatch(/^user default off /);
        const { stdout, stderr } = await withoutName(node, 'PING');
        expect(stdout + stderr).toMatch(/NOAUTH/);
        await expect(openConnection(node, { username: 'app', password: 'guess' })).rejects.toThrow(
          /WRONGPASS/,
        );
      }
    });

    it('refuse every user what is not its work', async () => {
      const node = one(role);
      const present = (await asUser(stack, node, 'admin', 'ACL', 'USERS')) as string[];
      for (const user of present.filter((name) => name !== 'default')) {
        // From Valkey 9.0 on, a copy for a backup has to come from a file (see model/users.ts).
        const mayStream = user === 'backup' && engine.name === 'redis';
        const meant = [...(may[user] ?? []), ...(mayStream ? ['REPLCONF capa eof'] : [])];
        expect(await refused(stack, node, { user, tried, meant }), user).toEqual(
          tried.filter((command) => !meant.includes(command)),
        );
      }
    });
  });

  it('extra users stay at their keys', async () => {
    const node = one('primary');
    for (const user of ['writer', 'reader'])
      await expect(asUser(stack, node, user, 'GET', 'other')).rejects.toThrow(/NOPERM/);
    await expect(asUser(stack, node, 'writer', 'SET', 'other', 'v')).rejects.toThrow(/NOPERM/);
    expect(await asUser(stack, node, 'writer', 'SET', 'k', 'v')).toBe('OK');
    expect(await asUser(stack, node, 'reader', 'GET', 'k')).toBe('v');
  });

  it('a script has no more rights than whoever runs it', async () => {
    const run = (lua: string) => asUser(stack, one('primary'), 'app', 'EVAL', lua, '0');
    expect(await run("return redis.call('SET', 'k', 'v')")).toEqual('OK');
    await expect(run("return redis.call('FLUSHALL')")).rejects.toThrow();
    await expect(run("return redis.call('KEYS', '*')")).rejects.toThrow();
  });

  it('the probe finds every node well', async () => {
    for (const node of nodes) {
      const checked = await execa('sh', [join(stack.dir, 'conf/scripts/health.sh')], {
        env: {
          PATH: `${engine.bin}:${process.env.PATH}`,
          STACK_KIND: node.role === 'sentinel' ? 'sentinel' : 'data',
          STACK_PORT: String(node.port),
          STACK_CLI: `${engine.name}-cli`,
          STACK_SECRETS: join(stack.dir, '.secrets'),
        },
        extendEnv: false,
        reject: false,
      });
      expect([node.name, checked.exitCode, checked.stderr]).toEqual([node.name, 0, '']);
    }
  });

  it('replicas and Sentinels are logged in as what they are, and a failover works with it', async () => {
    const before = one('primary');
    expect(await loggedIn(stack, before)).toEqual(expect.arrayContaining(['replication', 'sentinel']));
    await until('the Sentinels take a failover', async () => {
      const said = await asUser(stack, one('sentinel'), 'sentinel', 'SENTINEL', 'FAILOVER', 'mymaster');
      return said === 'OK';
    });
    const after = await until('another node is the primary, and all follow it', async () => {
      const status = await stack.status();
      const primary = status.nodes.find((node) => node.role === 'primary');
      return status.ready && primary && primary.name !== before.name && primary;
    });
    expect(await loggedIn(stack, after)).toEqual(expect.arrayContaining(['replication', 'sentinel']));
    expect(await asUser(stack, after, 'app', 'SET', 'k', 'after')).toBe('OK');
  });
});

/** Who has a connection to a node. */
async function loggedIn(stack: Stack, node: NodeRow): Promise<readonly string[]> {
  const list = String(await asUser(stack, node, 'admin', 'CLIENT', 'LIST'));
  return [...new Set([...list.matchAll(/ user=(\S+)/g)].map(([, user]) => user ?? ''))];
}

interface Trial {
  readonly user: string;
  readonly tried: readonly string[];
  readonly meant: readonly string[];
}

/** What a user is refused. What it is meant to do is only looked up: some of it would end the server. */
async function refused(
  stack: Stack,
  node: NodeRow,
  { user, tried, meant }: Trial,
): Promise<readonly string[]> {
  const admin = await openConnection(node, loginOf(stack, 'admin'));
  const connection = await openConnection(node, loginOf(stack, user));
  const found: string[] = [];
  for (const command of tried) {
    const said = meant.includes(command) ? 'NOPERM' : await attempt(connection, command);
    if (isRefusal(said) && isRefusal(await attempt(admin, `ACL DRYRUN ${user} ${command}`)))
      found.push(command);
  }
  connection.close();
  admin.close();
  return found;
}

async function attempt(connection: Connection, command: string): Promise<string> {
  try {
    return String(await connection.call(...command.split(' ')));
  } catch (error) {
    return (error as Error).message;
  }
}

// DEBUG and MODULE LOAD are switched off besides, which is looked at first.
const isRefusal = (said: string): boolean => /NOPERM|no permissions|command not allowed/.test(said);
