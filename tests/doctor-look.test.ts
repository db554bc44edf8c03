import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMANDS, expectHarmless } from '../src/doctor/look/commands.ts';
import { examine } from '../src/doctor/look/index.ts';
import { formOf, mergeForms } from '../src/doctor/look/name-form.ts';
import { clientsOf } from '../src/doctor/look/read-clients.ts';
import { nodesOf, nodesOfSlots } from '../src/doctor/look/read-cluster.ts';
import { commandsOf, histogramsOf, ratesOf, softwareOf } from '../src/doctor/look/read-info.ts';
import { settingsOf, slowOf } from '../src/doctor/look/read-lists.ts';
import { usersOf } from '../src/doctor/look/read-users.ts';
import { readable } from '../src/doctor/look/readable.ts';
import { refusalOf } from '../src/doctor/look/refusals.ts';
import { isProblemError } from '../src/problem.ts';

describe('what a look may send', () => {
  it.each(
    [
      'KEYS *',
      'MONITOR',
      'DEBUG SLEEP 1',
      'DEBUG OBJECT k',
      'FLUSHALL',
      'FLUSHDB',
      'SAVE',
      'BGSAVE',
      'SHUTDOWN',
      'CONFIG SET maxmemory 1',
      'CONFIG RESETSTAT',
      'CONFIG REWRITE',
      'CLIENT KILL TYPE normal',
      'CLIENT PAUSE 1',
      'CLIENT LIST',
      'CLIENT NO-TOUCH OFF',
      'SLOWLOG RESET',
      'SLOWLOG GET -1',
      'LATENCY RESET',
      'ACL SETUSER a',
      'ACL GETUSER a',
      'CLUSTER FORGET a',
      'SENTINEL FAILOVER a',
      'SENTINEL SET a b c',
      'GET k',
      'HGETALL k',
      'SMEMBERS k',
      'LRANGE k 0 -1',
      'LRANGE k 1000000 1000010',
      'GETRANGE k 0 -1',
      'ZRANGE k 0 -1',
      'ZRANGE k 0 10 BYSCORE LIMIT 0 10',
      'HRANDFIELD k 100000',
      'SCAN 0',
      'SCAN 0 COUNT 100000',
      'HSCAN k 0',
      'MEMORY USAGE k',
      'MEMORY USAGE k SAMPLES 0',
      'MEMORY PURGE',
      'DUMP k',
      'SORT k',
      'EVAL x 0',
      'SET k v',
      'OBJECT HELP',
      '',
    ].map((text) => [text]),
  )('never %s', (text) => {
    expect(() => expectHarmless(text.split(' '))).toThrow('may not send');
  });

  it.each(
    [
      'config get *',
      'SCAN 0 COUNT 50',
      'LRANGE k 0 9',
      'LRANGE k -10 -1',
      'GETRANGE k 0 20',
      'MEMORY USAGE k SAMPLES 5',
      'HSCAN k 0 COUNT 512',
      'CLIENT LIST TYPE normal',
    ].map((text) => [text]),
  )('%s', (text) => {
    expect(COMMANDS.has(expectHarmless(text.split(' ')))).toBe(true);
  });
});

const fakes: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of fakes.splice(0)) server.close();
});

type Answer = (words: readonly string[]) => string | undefined;

/** Something that speaks the protocol: gives the reply to each command, nothing for '', and hangs up for undefined. */
async function fake(answer: Answer, greeting = ''): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const command of data.toString().split(/(?=^\*\d+\r\n)/m)) {
        const words = [...command.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word = '']) => word);
        const reply = answer(words);
        if (reply === undefined) socket.destroy();
        else if (!socket.destroyed) socket.write(reply);
      }
    });
    if (greeting) socket.end(greeting);
  });
  fakes.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

const look = (port: number, password = '') =>
  examine(
    {
      asked: `redis://127.0.0.1:${port}`,
      addresses: [{ host: '127.0.0.1', port }],
      credentials: { username: 'anna', password },
    },
    { timeoutMs: 300, betweenMs: 10 },
  );

async function problemOf(port: number, password = '') {
  const error = await look(port, password).catch((thrown: unknown) => thrown);
  if (!isProblemError(error) || !error.problems[0]) throw error;
  const [{ code, message, remedy, detail = [] }] = error.problems;
  return { code, text: [message, ...detail, remedy].join('\n') };
}

const basic: Answer = ([name]) => (name === 'PING' ? '+PONG\r\n' : name === 'AUTH' ? '+OK\r\n' : undefined);
const PROTECTED = '-DENIED Redis is running in protected mode because protected mode is enabled\r\n';
const NOPERM = "-NOPERM User anna has no permissions to run the 'info' command\r\n";
const UNKNOWN = "-ERR unknown command 'INFO', with args beginning with: \r\n";

describe('who says nothing is told apart', () => {
  it.each([
    ['nobody there', 'no-answer', 'ECONNREFUSED', () => Promise.resolve(1)],
    ['protected mode', 'no-answer', 'protected mode', () => fake(() => '', PROTECTED)],
    ['no room', 'no-answer', 'maxclients', () => fake(() => '', '-ERR max number of clients reached\r\n')],
    ['a port that hangs up, as one with TLS', 'no-answer', 'rediss://', () => fake(() => undefined)],
    ['silence', 'no-answer', 'no answer within 300 ms', () => fake(() => '')],
    ['another protocol', 'no-answer', 'no answer', () => fake(() => 'HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'no login given',
      'no-login',
      'Give a user and a password',
      () => fake(() => '-NOAUTH Authentication required.\r\n'),
    ],
    ['no right', 'nothing-seen', 'ACL SETUSER anna +info', () => fake((words) => basic(words) ?? NOPERM)],
    ['a proxy that knows no INFO', 'nothing-seen', 'a proxy', () => fake((words) => basic(words) ?? UNKNOWN)],
    ['a proxy that hangs up on INFO', 'nothing-seen', 'a proxy', () => fake(basic)],
  ] as const)('%s', async (_, code, says, start) => {
    const found = await problemOf(await start());
    expect(found.code).toBe(`doctor/${code}`);
    expect(found.text).toContain(says);
  });

  it('a wrong password', async () => {
    const port = await fake(() => '-WRONGPASS invalid username-password pair or user is disabled.\r\n');
    const { code, text } = await problemOf(port, 'secret-word');
    expect(code).toBe('doctor/no-login');
    expect(text).toContain('the password of the user anna');
    expect(text).not.toContain('secret-word');
  });

  it('a login that a server does not ask for is let in', async () => {
    const facts = await look(
      await fake(
        (words) =>
          basic(words) ?? (words[0] === 'INFO' ? bulk('redis_version:7.0.0\r\nrole:master') : UNKNOWN),
      ),
      'pw',
    );
    expect(facts.nodes[0]).toMatchObject({
      role: 'primary',
      software: { name: 'redis', version: '7.0.0' },
      settings: undefined,
    });
    expect(facts.unseen.find(({ what }) => what === 'its settings')?.why).toMatch(
      /^it does not know this command.*ERR unknown/,
    );
  });

  it('another server that speaks the protocol is no Redis, and what it says counts', async () => {
    const info = bulk(
      'redis_version:7.4.0\r\ndragonfly_version:df-v1.23.0\r\nrole:master\r\ndb0:keys=0,expires=0\r\n',
    );
    const facts = await look(await fake((words) => basic(words) ?? (words[0] === 'INFO' ? info : UNKNOWN)));
    expect(facts.nodes[0]?.software).toEqual({ name: 'other', title: 'Dragonfly', version: 'df-v1.23.0' });
  });
});

describe('replies', () => {
  it('refusals say what they mean, and which rule is missing', () => {
    expect(
      refusalOf("NOPERM User probe has no permissions to run the 'slowlog|get' command", 'slowlog|get'),
    ).toEqual({
      why: "this user may not ask (NOPERM User probe has no permissions to run the 'slowlog|get' command)",
      allow: '+slowlog|get',
    });
    const key = 'NOPERM No permissions to access a key';
    expect(refusalOf(key, 'type')).toEqual({
      why: `this user may not touch these keys (${key})`,
      allow: '~*',
    });
    expect(refusalOf('LOADING Redis is loading the dataset in memory', 'scan').why).toMatch(
      /^it is still loading/,
    );
    expect(refusalOf('ODD \u001b[31m\n words', 'x').why).toBe('ODD \\u001b[31m words');
    expect(refusalOf('x'.repeat(500), 'x').why).toHaveLength(160);
  });

  it('products by what they say', () => {
    expect(softwareOf({ redis_version: '8.0.2' }, undefined)).toMatchObject({
      name: 'redis',
      version: '8.0.2',
    });
    const valkey = { redis_version: '7.2.4', server_name: 'valkey', valkey_version: '9.1.2' };
    expect(softwareOf(valkey, undefined)).toEqual({ name: 'valkey', title: 'Valkey', version: '9.1.2' });
    const keydb = { redis_version: '6.3.4', executable: '/usr/bin/keydb-server' };
    expect(softwareOf(keydb, undefined)).toEqual({ name: 'other', title: 'Keydb', version: '6.3.4' });
    expect(softwareOf(undefined, ['server', 'valkey', 'version', '8.0.1'])).toMatchObject({ name: 'valkey' });
    expect(softwareOf(undefined, undefined)).toBeUndefined();
  });

  it('statistics leave out what this tool asks', () => {
    const looks = {
      first: {
        run_id: 'a',
        'cmdstat_config|get': 'calls=5,usec=50,usec_per_call=10,rejected_calls=1,failed_calls=2',
        cmdstat_auth: 'calls=1,usec=1',
        total_commands_processed: '100',
        maxmemory: '5',
      },
      second: {
        run_id: 'a',
        'cmdstat_config|get': 'calls=9,usec=90',
        cmdstat_auth: 'calls=1,usec=1',
        total_commands_processed: '124',
        maxmemory: '7',
      },
      seconds: 2,
      sentBefore: new Map([['auth', 1]]),
      sentUntil: new Map([
        ['auth', 1],
        ['config|get', 2],
        ['scan', 2],
      ]),
    };
    expect(commandsOf(looks)).toEqual([
      { name: 'config|get', calls: 5, usec: 50, rejected: 1, failed: 2, perSecond: 1, p99Usec: undefined },
    ]);
    expect(ratesOf(looks)).toEqual({ total_commands_processed: 10 });
    expect(ratesOf({ ...looks, second: { ...looks.second, run_id: 'b' } })).toBeUndefined();
  });

  it('histograms have sizes and counts', () => {
    expect(
      histogramsOf({ db3_distrib_hashes_items: '1=2,16=1,1K=4', db0_distrib_strings_sizes: '0=1,2M=1' }),
    ).toEqual([
      {
        db: 3,
        type: 'hash',
        unit: 'elements',
        bins: [
          { from: 1, keys: 2 },
          { from: 16, keys: 1 },
          { from: 1024, keys: 4 },
        ],
      },
      {
        db: 0,
        type: 'string',
        unit: 'bytes',
        bins: [
          { from: 0, keys: 1 },
          { from: 2_097_152, keys: 1 },
        ],
      },
    ]);
    expect(histogramsOf({})).toBeUndefined();
  });

  it('settings lose their secrets', () => {
    const flat = [
      'requirepass',
      'x',
      'masterauth',
      '',
      'tls-key-file-pass',
      'y',
      'tls-auth-clients',
      'no',
      'maxmemory',
      '0',
    ];
    expect(settingsOf(flat)).toEqual({
      requirepass: '***',
      masterauth: '',
      'tls-key-file-pass': '***',
      'tls-auth-clients': 'no',
      maxmemory: '0',
    });
  });

  it('the slow log keeps the command and one word', () => {
    const entry = [
      1,
      1_790_000_000,
      25_000,
      ['HSET', `k${'x'.repeat(100)}`, 'secret', 'value'],
      '10.0.0.1:1',
      'shop',
    ];
    expect(slowOf([entry])).toEqual([
      {
        command: 'hset',
        first: `k${'x'.repeat(56)}...`,
        usec: 25_000,
        atSeconds: 1_790_000_000,
        client: 'shop',
      },
    ]);
    expect(JSON.stringify(slowOf([entry]))).not.toContain('secret');
  });

  it('clients are those of applications', () => {
    const list = [
      'id=1 addr=10.0.0.1:5 name=shop age=3 idle=1 flags=N sub=0 psub=0 ssub=0 qbuf=10 qbuf-free=5 obl=1 omem=20 cmd=get user=app lib-name=ioredis lib-ver=5',
      'id=2 addr=[::1]:5 name= age=300 idle=200 flags=b sub=0 psub=0 ssub=0 qbuf=0 qbuf-free=0 obl=0 omem=0 cmd=blpop user=app',
      'id=3 addr=10.0.0.2:5 name=sentinel-0123abcd-cmd age=3 idle=1 flags=N cmd=ping user=default',
      'id=4 addr=10.0.0.2:6 name= age=3 idle=1 flags=N cmd=ping user=sentinel',
      'id=5 addr=10.0.0.2:7 name= age=3 idle=1 flags=S cmd=replconf user=replication',
      'id=6 addr=10.0.0.3:7 name= age=0 idle=0 flags=N cmd=client|list user=probe',
    ].join('\n');
    const subscriber =
      'id=7 addr=10.0.0.1:9 name=shop age=30 idle=1 flags=P sub=1 psub=0 ssub=0 obl=0 omem=0 cmd=subscribe user=app lib-name=ioredis lib-ver=5\n';
    for (const self of ['6', undefined])
      expect(clientsOf([list, subscriber], self)).toEqual({
        connected: 3,
        subscribed: 1,
        groups: [
          { user: 'app', host: '10.0.0.1', name: 'shop', library: 'ioredis 5', count: 2 },
          { user: 'app', host: '::1', name: '', library: '', count: 1 },
        ],
        blocked: [{ user: 'app', name: '', host: '::1', command: 'blpop', idleSeconds: 200 }],
        largestOutputBytes: 21,
      });
  });

  it('users are judged by hashes that are not kept', () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const users = usersOf([
      'user default on nopass sanitize-payload ~* &* +@all',
      `user app on sanitize-payload #${hash('Zx81-long-enough')} ~app:* %R~ref:* resetchannels &news:* -@all +@read (~other:* resetchannels -@all +set)`,
      `user job on #${hash('Zx81-long-enough')} #${hash('foobared')} resetchannels -@all`,
      `user anna off #${hash('anna')} resetchannels -@all`,
      `user empty on #${hash('')} resetchannels -@all`,
    ]);
    expect(
      users?.map(({ name, on, nopass, passwords, weak, sharedWith }) => [
        name,
        on,
        nopass,
        passwords,
        weak,
        sharedWith,
      ]),
    ).toEqual([
      ['default', true, true, 0, false, []],
      ['app', true, false, 1, false, ['job']],
      ['job', true, false, 2, true, ['app']],
      ['anna', false, false, 1, true, []],
      ['empty', true, false, 1, true, []],
    ]);
    expect(users?.[1]).toMatchObject({
      commands: '-@all +@read (~other:* resetchannels -@all +set)',
      keys: ['~app:*', '%R~ref:*', '~other:*'],
      channels: ['&news:*'],
    });
    expect(JSON.stringify(users)).not.toContain(hash('foobared'));
  });

  it('lines of CLUSTER NODES', () => {
    const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
    const text = `${a} 10.0.0.1:7000@17000,db-1.example,shard-id=x myself,master - 0 0 1 connected 0-99 200 [300->-${b}]\n${b} 2001:db8::1:7001@17001 slave,fail ${a} 1 2 1 disconnected\n`;
    expect(nodesOf(text)).toEqual([
      {
        id: a,
        at: { host: '10.0.0.1', port: 7000 },
        hostname: 'db-1.example',
        flags: ['myself', 'master'],
        primaryId: undefined,
        linkUp: true,
        slots: 101,
        openSlots: [`300->-${b}`],
      },
      {
        id: b,
        at: { host: '2001:db8::1', port: 7001 },
        hostname: undefined,
        flags: ['slave', 'fail'],
        primaryId: a,
        linkUp: false,
        slots: 0,
        openSlots: [],
      },
    ]);
    const slots = [
      [0, 9, ['10.0.0.1', 7000, a, []], ['10.0.0.2', 7001, b, []]],
      [20, 29, ['10.0.0.1', 7000, a, []], ['10.0.0.2', 7001, b, []]],
    ];
    expect(nodesOfSlots(slots).map(({ id, slots, primaryId }) => [id, slots, primaryId])).toEqual([
      [a, 20, undefined],
      [b, 0, a],
    ]);
  });
});

describe('names of keys', () => {
  it.each([
    ['user:1000:cart', 'user:*:cart'],
    ['{user:1000}:cart', '{user:*}:cart'],
    ['session:3f2b8c1e9a7d', 'session:*'],
    ['session:550e8400-e29b-41d4-a716-446655440000', 'session:*'],
    ['token:aB3-xYz_9Qwertyuiop12', 'token:*'],
    ['mail:anna@example.com:seen', 'mail:*:seen'],
    ['stats/2026-11-26/page', 'stats/*/page'],
    ['limit:10.0.0.1', 'limit:*'],
    ['user1234', 'user*'],
    ['cache:v2:home', 'cache:v2:home'],
    ['shard7', 'shard7'],
    ['queue', 'queue'],
    ['', ''],
  ])('%s is %s', (name, form) => {
    expect(formOf(Buffer.from(name))).toBe(form);
  });

  it('of any bytes are text', () => {
    expect(readable(Buffer.from([0x61, 0xff, 0x00, 0x5c]))).toBe('a\\xff\\x00\\x5c');
    expect(readable(Buffer.from('grüße\u001b[31m\u202e'))).toBe('grüße\\x1b[31m\\xe2\\x80\\xae');
    expect(formOf(Buffer.from([0x61, 0x3a, 0xff, 0x00]))).toBe('a:*');
    expect(readable(Buffer.alloc(1_000_000, 'x'))).toHaveLength(120);
  });

  it('many words in one place with few keys each are names', () => {
    const names = Array.from(
      { length: 30 },
      (_, i) => `person-${'abcdefghij'[i % 10]}${'xyz'[Math.floor(i / 10)]}`,
    );
    const forms = new Map([
      ...names.map((name) => [`session:${name}`, 1] as const),
      ['session:config', 1],
      ['page:home', 1],
      ['page:cart', 1],
    ]);
    const merged = mergeForms(forms);
    expect(merged.get(`session:${names[0]}`)).toBe('session:*');
    expect(merged.get('page:home')).toBe('page:home');
    const tenants = new Map(names.map((name) => [`${name}:order:*`, 100]));
    expect(new Set(mergeForms(tenants).values()).size).toBe(30);
  });
});
