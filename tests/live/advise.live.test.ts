import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { esbuildTemplates } from '../../build/templates-plugin.mjs';
import { type Connection, openConnection, type Words } from '../../src/redis/connection.ts';
import { STRUCTURES, USES } from '../../src/structures/index.ts';
import { startCluster } from '../support/cluster.ts';
import { type Engine, engine, newest } from '../support/engines.ts';
import { startReplicated } from '../support/replicated.ts';
import { runAdvise } from '../support/run-advise.ts';
import { type Server, startServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { loginOf } from './logins.ts';
import { createStack, type Stack } from './stack.ts';

interface Advised {
  readonly measured?: { readonly where: string; readonly hasTable: boolean };
  readonly remark?: string;
  readonly advice: readonly {
    readonly id: string;
    readonly unavailable?: string;
    readonly memory: readonly {
      readonly elements: number;
      readonly bytesPerElement: number;
      readonly encoding: string;
    }[];
  }[];
}

async function advised(env: Record<string, string>, ...argv: readonly string[]): Promise<Advised> {
  const { code, out, problems } = await runAdvise(tmpdir(), [...argv, '--json'], env);
  expect(problems).toEqual([]);
  expect(code).toBe(0);
  return JSON.parse(out) as Advised;
}

const urlOf = ({ port }: Pick<Server, 'port'>, login = '') => `redis://${login}127.0.0.1:${port}`;
const usedBytes = async (server: Server) =>
  Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1]);
const connect = ({ port }: Server): Promise<Connection> =>
  openConnection({ host: '127.0.0.1', port }, { username: 'default', password: '' }, 30_000);

const LINES = [
  ['redis', '7.0'],
  ['redis', '8.0'],
  ['valkey', '9.1'],
] as const;

const MANY = 10_000;
const name = (i: number) => `m${String(i).padStart(6, '0')}`;
const value = 'x'.repeat(100);
const member = (i: number) => name(i).padEnd(100, 'x');
/** As long as those of `advise`. */
const key = (i: number) => `some-application:of-somebody:abcde:${name(i)}`;

interface Really {
  readonly use: string;
  readonly need: string;
  readonly write: (i: number) => Words;
  readonly read?: (i: number) => Words;
}

const REALLY: readonly Really[] = [
  {
    use: 'cache-aside',
    need: 'cache',
    write: (i) => ['SET', key(i), value, 'EX', '600'],
    read: (i) => ['EXISTS', key(i)],
  },
  {
    use: 'record',
    need: 'object',
    write: (i) => ['HSET', 'k', name(i), value],
    read: (i) => ['HEXISTS', 'k', name(i)],
  },
  {
    use: 'member-set',
    need: 'tags',
    write: (i) => ['SADD', 'k', member(i)],
    read: (i) => ['SISMEMBER', 'k', member(i)],
  },
  {
    use: 'leaderboard',
    need: 'leaderboard',
    write: (i) => ['ZADD', 'k', String(i * 7.5), member(i)],
    read: (i) => ['ZSCORE', 'k', member(i)],
  },
  { use: 'stack', need: 'stack', write: () => ['LPUSH', 'k', value] },
  { use: 'event-log', need: 'events', write: () => ['XADD', 'k', '*', 'item', value] },
];

/** What 10,000 take when they are written one after the other over a connection, a command each. */
async function reallyStored(line: Engine, { write, read }: Really): Promise<number> {
  // A command that is called for the first time would take a histogram.
  await using server = await startServer({ engine: line, directives: [['latency-tracking', 'no']] });
  const before = await usedBytes(server);
  const connection = await connect(server);
  const all = (make: (i: number) => Words) =>
    connection.batch(Array.from({ length: MANY }, (_, i) => make(i)));
  await all(write);
  // A table that has just doubled moves on with each question.
  for (let times = 0; read && times < 2; times += 1) await all(read);
  connection.close();
  await sleep(300);
  return ((await usedBytes(server)) - before) / MANY;
}

describe.each(LINES)('%s %s', (title, line) => {
  const own = engine(title, line);
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine: own });
  });
  afterAll(() => server.dispose());

  it.each(REALLY)('$use takes what it says, as measured on the server itself', async (really) => {
    const { advice, measured } = await advised(
      {},
      urlOf(server),
      '--need',
      really.need,
      '--bytes',
      '100',
      '--yes',
    );
    expect(measured?.where).toContain(`at 127.0.0.1:${server.port}`);
    const figures = advice.find(({ id }) => id === really.use)?.memory ?? [];
    const stored = await reallyStored(own, really);
    const said = figures.at(-1)?.bytesPerElement ?? 0;
    expect(Math.abs(said / stored - 1), `${said} said, ${stored} stored`).toBeLessThan(0.03);
    expect(await server.cli('INFO', 'keyspace')).not.toContain('keys=');
  });

  it('compact encodings are told apart from large ones', async () => {
    const { advice } = await advised({}, urlOf(server), '--need', 'leaderboard', '--bytes', '20', '--yes');
    const [few, many] = advice[0]?.memory ?? [];
    expect([few?.encoding, many?.encoding]).toEqual(['listpack', 'skiplist']);
    expect(few?.bytesPerElement).toBeLessThan((many?.bytesPerElement ?? 0) / 2);
  });

  it('as measured beside it, where nobody said yes', async () => {
    const { PATH = '' } = process.env;
    const env = { PATH: `${own.bin}:${PATH}` };
    const { advice, measured, remark } = await advised(
      env,
      urlOf(server),
      '--need',
      'tags',
      '--bytes',
      '100',
    );
    expect(remark).toContain('--yes');
    expect(measured?.where).toMatch(new RegExp(`scratch server of \\w+ ${own.version}`));
    expect(advice[0]?.memory.map(({ elements }) => elements)).toEqual([100, 10_000]);
    expect(await server.cli('DBSIZE')).toBe('0');
  });

  it('is over soon enough for others not to notice', async () => {
    await server.cli('CONFIG', 'SET', 'slowlog-log-slower-than', '300');
    await server.cli('CONFIG', 'SET', 'slowlog-max-len', '10000');
    await server.cli('SLOWLOG', 'RESET');
    for (const need of ['leaderboard', 'queue', 'cache'])
      await advised({}, urlOf(server), '--need', need, '--elements', '1000', '--yes');
    const connection = await connect(server);
    const log = (await connection.call('SLOWLOG', 'GET', '10000')) as [number, number, number, string[]][];
    connection.close();
    const times = log.filter(([, , , words]) => words[0] === 'EVAL').map(([, , usec]) => usec);
    expect(times.length).toBeGreaterThan(10);
    const middle = (times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0) / 1000;
    expect(middle, `a script takes ${middle} ms, ${(times.at(-1) ?? 0) / 1000} at most`).toBeLessThan(25);
  });
});

describe('where nothing may be written', () => {
  const own = engine('redis', '8.0');

  it('a user with too few rights is told which', async () => {
    await using server = await startServer({ engine: own });
    await server.cli(
      'ACL',
      'SETUSER',
      'reader',
      'on',
      '>secret',
      '~*',
      '+@read',
      '+info',
      '+ping',
      '+command',
    );
    const { remark, measured } = await advised(
      { REDISCLI_AUTH: 'secret' },
      urlOf(server, 'reader@'),
      '--need',
      'cache',
      '--yes',
    );
    expect(measured).toBeUndefined();
    expect(remark).toContain('~create-redis-stack:advise:*');
    expect(remark).toContain('+eval');
  });

  it('the user of an application may', async () => {
    await using server = await startServer({ engine: own });
    await server.cli(
      'ACL',
      'SETUSER',
      'app',
      'on',
      '>secret',
      '~*',
      '&*',
      '+@all',
      '-@admin',
      '-@dangerous',
      '-function',
      '+info',
      '+role',
    );
    const { measured } = await advised(
      { REDISCLI_AUTH: 'secret' },
      urlOf(server, 'app@'),
      '--need',
      'cache',
      '--yes',
    );
    expect(measured?.hasTable).toBe(true);
  });

  it('a server that is nearly full is left alone', async () => {
    await using server = await startServer({ engine: own, directives: [['maxmemory', '8mb']] });
    const { remark } = await advised({}, urlOf(server), '--need', 'cache', '--yes');
    expect(remark).toContain('nearly full');
    expect(remark).toContain('maxmemory:8388608');
    expect(await server.cli('INFO', 'commandstats')).not.toContain('cmdstat_eval');
  });

  it('a replica as well', async () => {
    await using group = await startReplicated({ engine: own, replicas: 1 });
    const [replica] = await group.replicas();
    if (!replica) throw new Error('no replica');
    const { remark } = await advised({}, urlOf(replica), '--need', 'cache', '--yes');
    expect(remark).toContain('replica');
  });
});

it.each(LINES)('a node of a cluster of %s %s, in a slot of its own', async (title, line) => {
  await using cluster = await startCluster({ engine: engine(title, line), shards: 3, replicas: 0 });
  for (const node of cluster.nodes.slice(0, 2)) {
    const { measured, advice } = await advised({}, urlOf(node), '--need', 'tags', '--yes');
    expect(measured?.where).toContain(String(node.port));
    expect(measured?.hasTable).toBe(line !== '7.0');
    expect(advice[0]?.memory.length).toBe(2);
    expect(await node.cli('DBSIZE')).toBe('0');
  }
});

describe('a stack of ours', () => {
  const own = newest('valkey');
  let stack: Stack;
  beforeAll(async () => {
    stack = await createStack(own, '--topology', 'standalone', '--workload', 'primary-data');
  });
  afterAll(() => stack.dispose());

  const advise = async (...words: readonly string[]): Promise<Advised> => {
    const { code, out, err } = await stack.command('advise', stack.dir, ...words, '--json');
    expect([code, err], out).toEqual([0, '']);
    return JSON.parse(out) as Advised;
  };

  it('says that it does not run, and measures beside it', async () => {
    const { remark, measured } = await advise('--need', 'cache', '--yes');
    expect(remark).toBe(`Nothing of this stack runs here; create-redis-stack up ${stack.dir} starts it`);
    expect(measured?.where).toMatch(new RegExp(`scratch server of \\w+ ${own.version}`));
  });

  it('is measured on itself as its user app, with its keys as they were and none beside them', async () => {
    await stack.up();
    const port = (await stack.status()).nodes[0]?.port ?? 0;
    const admin = await openConnection({ host: '127.0.0.1', port }, loginOf(stack, 'admin'), 30_000);
    onTestFinished(() => admin.close());
    const keys: readonly Words[] = [
      ['SET', 'order:1', 'some'],
      ['HSET', 'user:1', 'name', 'Ada'],
      ['ZADD', 'board', '7', 'ada'],
      ['XADD', 'log', '1-1', 'item', 'some'],
    ];
    await admin.batch(keys);
    const seen = async () => {
      const dumps = await admin.batch(keys.map(([, key = '']) => ['DUMP', key]));
      const keyspace = String(await admin.call('INFO', 'keyspace')).replaceAll(/,avg_ttl=.*/g, '');
      return [...dumps.map((one) => (Buffer.isBuffer(one) ? one.toString('hex') : 'gone')), keyspace];
    };
    const scripts = async () =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(String(await admin.call('INFO', 'commandstats')))?.[1] ?? 0);
    const before = await seen();
    const scriptsBefore = await scripts();
    expect(before.at(-1)).toContain('db0:keys=4,');

    const unasked = await advise('--need', 'leaderboard', '--bytes', '20');
    expect(unasked.remark).toBe(`127.0.0.1:${port} was not written to: nobody said yes; --yes allows it`);
    expect(await scripts()).toBe(scriptsBefore);

    const { advice, measured, remark } = await advise('--need', 'leaderboard', '--bytes', '20', '--yes');
    expect([measured?.where, remark]).toEqual([`Valkey ${own.version} at 127.0.0.1:${port}`, undefined]);
    expect(advice[0]?.memory.map(({ encoding }) => encoding)).toEqual(['listpack', 'skiplist']);
    expect(await scripts()).toBeGreaterThan(scriptsBefore);
    expect(await seen()).toEqual(before);
  });
});

it('every command that is named is known to the server, with the cost that it names itself', async () => {
  await using server = await startServer({ engine: engine('redis', '8.0') });
  const connection = await connect(server);
  const builtIn = STRUCTURES.filter(({ requires }) => requires === undefined);
  const uses = USES.filter(({ requires }) => requires === undefined || requires === 'field-ttl');
  const all = [...builtIn, ...uses].flatMap(({ commands = [] }) => commands);
  for (const { words, cost } of all) {
    const command = words.split(/[ (]/)[0]?.toLowerCase() ?? '';
    const [, docs] = (await connection.call('COMMAND', 'DOCS', command)) as [string, unknown[]];
    const complexity = String(docs?.[docs.indexOf('complexity') + 1]);
    expect(docs, words).toBeDefined();
    if (cost === 'O(1)' && !/^(EVALSHA|CLIENT|BLMOVE|DEL|UNLINK|XAUTOCLAIM|RPOP|HDEL)/.test(words))
      expect(complexity, words).toContain('O(1)');
    if (cost.includes('log')) expect(complexity, words).toContain('log');
  }
  connection.close();
});

describe('a command that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'advise-killed-'));
  const file = join(folder, 'run.cjs');
  beforeAll(async () => {
    await build({
      stdin: {
        contents:
          "import { runAdvise } from './run-advise.ts'; runAdvise('/', process.argv.slice(2), { PATH: process.env.PATH });",
        resolveDir: fileURLToPath(new URL('../support', import.meta.url)),
        loader: 'ts',
      },
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
      plugins: [esbuildTemplates()],
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (argv: readonly string[], path = process.env.PATH) =>
    spawn('node', [file, ...argv], { env: { PATH: path, TMPDIR: folder }, stdio: 'inherit' });
  const ended = (child: ChildProcess) => once(child, 'exit');

  it.each([400, 700, 1100, 1600])('after %i ms leaves no key, and none was ever seen', async (ms) => {
    await using server = await startServer({ engine: engine('redis', '8.0') });
    const child = run([urlOf(server), '--need', 'cache', '--yes']);
    const done = ended(child);
    const connection = await connect(server);
    let most = 0;
    for (const until = Date.now() + ms; Date.now() < until; ) {
      const keys = /keys=(\d+)/.exec(String(await connection.call('INFO', 'keyspace')))?.[1] ?? '0';
      most = Math.max(most, Number(keys));
    }
    child.kill('SIGKILL');
    await done;
    await sleep(100);
    expect(most).toBe(0);
    expect(String(await connection.call('INFO', 'keyspace'))).not.toContain('keys=');
    connection.close();
  });

  it('takes its scratch server along, and the folder of that', async () => {
    const own = engine('redis', '8.0');
    const child = run(['--need', 'cache', '--engine', 'redis:8.0'], `${own.bin}:${process.env.PATH}`);
    const done = ended(child);
    await until('a scratch server', async () => runningIn(folder).length > 0);
    await sleep(300);
    child.kill('SIGKILL');
    await done;
    await until('nothing left', async () => runningIn(folder).length === 0);
    await until('no folder left', async () => readdirSync(folder).join() === 'run.cjs');
  });
});

/** Processes whose working folder is below this one. */
function runningIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}
