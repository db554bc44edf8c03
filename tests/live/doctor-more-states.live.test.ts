import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { Info } from '../../src/doctor/facts.ts';
import type { Diagnosis, Finding } from '../../src/doctor/types.ts';
import { newest } from '../support/engines.ts';
import { info, type Replicated, startCluster, startReplicated } from '../support/groups.ts';
import type { Server } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { diagnosed, ended, found, give, ids, server } from './doctor-servers.ts';

const REDIS = newest('redis');
const VALKEY = newest('valkey');
const MIB = 1 << 20;

const times = <T>(n: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: n }, (_, i) => make(i));

/** A value is made by the server, so that nobody has to send it. */
const large = (key: string, bytes: number) => [
  'EVAL',
  `redis.call('SET', KEYS[1], string.rep('x', ARGV[1]))`,
  '1',
  key,
  String(bytes),
];

/** What the finding itself proposes for a server that serves. */
async function mended(one: Server, { fixes }: Finding): Promise<void> {
  await give(
    one,
    fixes.flatMap((fix) => (fix.kind === 'command' ? [fix.words] : [])),
  );
}

const silent = async (id: string, ...servers: readonly Server[]) =>
  expect(ids(await diagnosed(servers))).not.toContain(id);

const becomesSilent = (id: string, one: Server) =>
  until(`there is no ${id} any more`, async () => !ids(await diagnosed([one])).includes(id));

describe('what reaches the disk', () => {
  it.each([REDIS, VALKEY])('$name $line: a planned stop leaves without a snapshot', async (engine) => {
    const one = await server(engine, ['save', '3600 1'], ['shutdown-on-sigterm', 'nosave']);
    await give(one, [['SET', 'order', 'paid']]);
    const finding = found(await diagnosed([one]), 'lost-at-stop');
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding.evidence).toContain('rdb_changes_since_last_save:1');
    await one.restart();
    expect(await one.cli('EXISTS', 'order')).toBe('0');

    await give(one, [['SET', 'order', 'paid']]);
    await mended(one, finding);
    await silent('lost-at-stop', one);
    await one.restart();
    expect(await one.cli('GET', 'order')).toBe('paid');
  });

  it('an append-only file that is never rewritten, until it may be', async () => {
    const one = await server(
      VALKEY,
      ['appendonly', 'yes'],
      ['appendfsync', 'no'],
      ['auto-aof-rewrite-percentage', '0'],
    );
    const overwritten = (n: number) =>
      give(
        one,
        times(n, () => large('page', 10 * MIB)),
      );
    await overwritten(2);
    await silent('log-rewrite-stuck', one);
    for (let i = 0; i < 4; i++) await overwritten(8);
    const finding = found(await diagnosed([one]), 'log-rewrite-stuck');
    expect(finding.message).toMatch(/grown to 3[45]\d.*rewrites are switched off/);
    // It says that the first rewrite comes at once.
    await mended(one, finding);
    await becomesSilent('log-rewrite-stuck', one);
    await until('it is short again', async () => {
      const { aof_current_size: size } = await info(one, 'persistence');
      return Number(size) < 20 * MIB;
    });
  });

  it('a snapshot that does not end keeps the append-only file from being rewritten', async () => {
    const one = await server(REDIS, ['appendonly', 'yes'], ['auto-aof-rewrite-min-size', '1mb']);
    await slowSnapshot(one);
    await silent('log-rewrite-stuck', one);
    await give(
      one,
      times(4, () => large('page', MIB)),
    );
    const held = await diagnosed([one]);
    expect((await info(one, 'persistence')).rdb_bgsave_in_progress).toBe('1');
    expect(found(held, 'log-rewrite-stuck')).toMatchObject({ severity: 'warning', fixes: [] });
    await becomesSilent('log-rewrite-stuck', one);
    expect(Number((await info(one, 'persistence')).aof_rewrites)).toBeGreaterThan(0);
  });

  it('a snapshot that does not end holds up the next, seen ten minutes later', async () => {
    const one = await server(REDIS, ['save', '300 1']);
    await one.cli('SET', 'order', 'open');
    expect(ids(later(await diagnosed([one])))).not.toContain('saves-old');
    await slowSnapshot(one);
    await give(one, [
      ['CONFIG', 'SET', 'save', '1 1'],
      ['SET', 'order', 'paid'],
    ]);
    const now = await diagnosed([one]);
    expect(ids(now)).not.toContain('saves-old');
    const finding = found(later(now), 'saves-old');
    expect(finding.message).toMatch(/`save 1 1` asks for one; one has been running for 10 min/);
    expect(finding.evidence).toContain('rdb_bgsave_in_progress:1');
    await until(
      'the next has been written',
      async () => !ids(later(await diagnosed([one]))).includes('saves-old'),
    );
    expect((await info(one, 'persistence')).rdb_changes_since_last_save).toBe('0');
  });

  it.each([REDIS, VALKEY])('$name $line: writing the log stops the server for long', async (engine) => {
    const one = await server(engine, ['appendonly', 'yes'], ['latency-monitor-threshold', '100']);
    await give(one, [large('page', MIB)]);
    await silent('slow-disk', one);
    const slow = await slowFile(one);
    // A pipe holds 64 KiB; the rest of it waits in write(2), and the server with it.
    const waiting = give(one, [large('page', MIB)]);
    await sleep(1500);
    slow.goOn();
    await waiting;
    const finding = found(await diagnosed([one]), 'slow-disk');
    expect(finding.message).toMatch(/stopped the server for up to (\d{4}|[5-9]\d\d) ms/);
    expect(finding.evidence.join()).toContain('aof-write: ');

    await rewritten(one);
    await give(one, [['LATENCY', 'RESET'], large('page', MIB)]);
    await silent('slow-disk', one);
  });
});

/** Begins one that takes eight seconds, as on a disk that is far too slow. */
const slowSnapshot = (one: Server) =>
  give(one, [
    ...times(80, (i) => ['SET', `k:${i}`, 'x']),
    // Microseconds for each key; who saves later does so at its usual speed.
    ['CONFIG', 'SET', 'rdb-key-save-delay', '100000'],
    ['BGSAVE'],
    ['CONFIG', 'SET', 'rdb-key-save-delay', '0'],
  ]);

async function rewritten(one: Server): Promise<void> {
  const { aof_rewrites: before } = await info(one, 'persistence');
  await one.cli('BGREWRITEAOF');
  await until('the log has been rewritten', async () => {
    const now = await info(one, 'persistence');
    return now.aof_rewrites !== before && now.aof_rewrite_in_progress === '0';
  });
}

/** Lets the server log to a pipe from which nothing is read before `goOn`: its next file has that name already. */
async function slowFile(one: Server): Promise<{ readonly goOn: () => void }> {
  const path = join(one.dir, 'appendonlydir', 'appendonly.aof.2.incr.aof');
  execFileSync('mkfifo', [path]);
  // For both directions, so that opening it waits for nobody, here and in the server.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = new Socket({ fd, readable: true, writable: false });
  onTestFinished(() => void reader.destroy());
  await rewritten(one);
  return { goOn: () => void reader.resume() };
}

describe('clients', () => {
  it.each([REDIS, VALKEY])('$name $line: replies wait for a client that does not read', async (engine) => {
    const one = await server(engine, ['maxmemory', '500mb']);
    await give(one, [
      ['EVAL', `for i = 1, 10000 do redis.call('RPUSH', KEYS[1], ARGV[1]) end`, '1', 'jobs', 'x'.repeat(100)],
    ]);
    const deaf = await deafClient(one);
    await silent('client-buffers', one);
    // A megabyte each. Elements are copied by every release; a whole string may be sent from where it lies.
    deaf.write('LRANGE jobs 0 -1\r\n'.repeat(150));
    const finding = await until('its buffer has grown', async () => {
      const { findings } = await diagnosed([one]);
      return findings.find(({ id }) => id === 'client-buffers');
    });
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding.message).toMatch(/the largest of them 1\d\d/);
    deaf.resume();
    await becomesSilent('client-buffers', one);
  });

  it.each([REDIS, VALKEY])('$name $line: one waits for ever, seen ten minutes later', async (engine) => {
    const one = await server(engine, ['tcp-keepalive', '0']);
    const worker = await deafClient(one);
    worker.write('BLPOP jobs 0\r\n');
    await until('it waits', async () => (await info(one, 'clients')).blocked_clients === '1');
    const now = await diagnosed([one]);
    expect(ids(now)).not.toContain('endless-blocking');
    const finding = found(later(now), 'endless-blocking');
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding.message).toMatch(/^1 client has been waiting .* for 10 min in BLPOP;/);
    await mended(one, finding);
    expect(found(later(await diagnosed([one])), 'endless-blocking')).toMatchObject({ severity: 'note' });
    await one.cli('RPUSH', 'jobs', 'x');
    expect(ids(later(await diagnosed([one])))).not.toContain('endless-blocking');
  });
});

/** Ten minutes are not waited for: of what servers said, that alone is moved which the clock moves while nothing happens. */
const later = ({ facts }: Diagnosis): Diagnosis =>
  diagnose({
    ...facts,
    atSeconds: facts.atSeconds + MINUTES,
    nodes: facts.nodes.map((node) => ({
      ...node,
      info: node.info && { ...node.info, ...Object.fromEntries(clocks(node.info)) },
      clients: node.clients && {
        ...node.clients,
        blocked: node.clients.blocked.map((one) => ({ ...one, idleSeconds: one.idleSeconds + MINUTES })),
      },
    })),
  });

const MINUTES = 600;

function clocks(fields: Info): readonly (readonly [string, string])[] {
  const moved = (name: string, by: number) => [name, String(Number(fields[name]) + by)] as const;
  const saving = fields.rdb_bgsave_in_progress === '1';
  return [
    moved('server_time_usec', MINUTES * 1e6),
    moved('uptime_in_seconds', MINUTES),
    ...(saving ? [moved('rdb_current_bgsave_time_sec', MINUTES)] : []),
  ];
}

async function deafClient({ port }: Server): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  return socket;
}

describe('a primary and its replica', () => {
  it.each([REDIS, VALKEY])('$name $line: breaks are longer than the backlog', async (engine) => {
    const group = ended(
      await startReplicated({ engine, replicas: 1, directives: [['repl-backlog-size', '16kb']] }),
    );
    const primary = await group.primary();
    for (let i = 0; i < 4; i++) await broken(group, primary);
    await silent('full-copies', primary);
    for (let i = 0; i < 3; i++) await broken(group, primary);
    const finding = found(await diagnosed([primary]), 'full-copies');
    expect(finding.message).toMatch(/^\d times a replica came back/);

    await mended(primary, finding);
    await primary.cli('CONFIG', 'RESETSTAT');
    for (let i = 0; i < 7; i++) await broken(group, primary);
    await silent('full-copies', primary);
    expect(await info(primary, 'stats')).toMatchObject({ sync_full: '0', sync_partial_ok: '7' });
  });

  it('more is written during a copy than may wait for the replica, so that copies start over', async () => {
    const directives = [
      ['repl-backlog-size', '16kb'],
      // By way of the disk: a replica of Redis 8 that is sent a copy directly takes the writes meanwhile by a second link.
      ['repl-diskless-sync', 'no'],
      ['client-output-buffer-limit', 'replica', '256kb', '0', '0'],
    ];
    const group = ended(await startReplicated({ engine: REDIS, replicas: 1, directives }));
    const primary = await group.primary();
    await give(
      primary,
      times(100, (i) => ['SET', `k:${i}`, 'x']),
    );
    await silent('full-copies', primary);
    // Microseconds for each key, so that a copy takes a second.
    await primary.cli('CONFIG', 'SET', 'rdb-key-save-delay', '10000');
    busy(primary);
    await cut(primary);
    const finding = await until(
      'it has started over often',
      async () => {
        const { findings } = await diagnosed([primary]);
        return findings.find(({ id, message }) => id === 'full-copies' && message.includes('full copies'));
      },
      { timeoutMs: 60_000 },
    );
    expect(finding.evidence.join()).toMatch(/client_output_buffer_limit_disconnections:[1-9]/);

    await primary.cli('CONFIG', 'SET', 'client-output-buffer-limit', 'replica 256mb 0 0');
    await group.settled();
    await primary.cli('CONFIG', 'RESETSTAT');
    await broken(group, primary);
    expect(await info(primary, 'stats')).toMatchObject({ sync_full: '1' });
    await silent('full-copies', primary);
  });
});

async function broken(group: Replicated, primary: Server): Promise<void> {
  await cut(primary);
  await group.settled();
}

/** Cuts the replica off, and writes more than 16 and less than 64 KiB before it is back. */
const cut = (primary: Server) =>
  give(primary, [
    ['MULTI'],
    ['CLIENT', 'KILL', 'TYPE', 'replica'],
    ...times(10, (i) => ['SET', `k:${i}`, 'x'.repeat(4000)]),
    ['EXEC'],
  ]);

/** Writes some megabytes a second until the test ends. */
function busy(one: Server): void {
  let over = false;
  const loop = async () => {
    while (!over) {
      await give(one, [['SET', 'page', 'x'.repeat(MIB / 8)]]);
      await sleep(20);
    }
  };
  const writing = loop();
  ended({
    stop: async () => {
      over = true;
      await writing;
    },
  });
}

describe('a cluster with equal slots', () => {
  it('one shard holds most keys, then most bytes, then is asked most', async () => {
    const cluster = ended(await startCluster({ engine: VALKEY, shards: 3, replicas: 0 }));
    // One on each shard.
    const [a, b, c] = await Promise.all(['{a}', '{b}', '{c}'].map((tag) => cluster.primary(tag)));
    if (!a || !b || !c) throw new Error('a shard has no primary');
    const filled = (one: Server, tag: string) =>
      give(one, [['EVAL', `for i = 1, 12000 do redis.call('SET', KEYS[1] .. i, i) end`, '1', tag]]);
    await silent('slots-unbalanced', a);
    await filled(a, '{a}');
    const names = found(await diagnosed([b]), 'slots-unbalanced');
    expect(names.at).toContain(String(a.port));
    expect(names.message).toMatch(/^It holds 12000 keys, 3\.0 times the mean.*names of keys/);
    await filled(b, '{b}');
    await filled(c, '{c}');
    await silent('slots-unbalanced', a);

    await give(c, [large('{c}', 100 * MIB)]);
    const sizes = found(await diagnosed([b]), 'slots-unbalanced');
    expect(sizes.at).toContain(String(c.port));
    expect(sizes.message).toMatch(/sizes of keys are the reason/);
    await c.cli('UNLINK', '{c}');
    await becomesSilent('slots-unbalanced', c);

    const noMore = await asked(b, '{b}1');
    const traffic = found(await diagnosed([a]), 'slots-unbalanced');
    expect(traffic).toMatchObject({ severity: 'note', at: expect.stringContaining(String(b.port)) });
    expect(traffic.message).toMatch(/commands a second.*a few keys are asked for most/);
    noMore();
    await becomesSilent('slots-unbalanced', b);
  });
});

/** Some 5,000 times a second, until the function that it gives is called. */
async function asked(one: Server, key: string): Promise<() => void> {
  const socket = connect({ host: '127.0.0.1', port: one.port });
  await once(socket, 'connect');
  socket.resume();
  const timer = setInterval(() => socket.write(`GET ${key}\r\n`.repeat(100)), 20);
  const end = () => {
    clearInterval(timer);
    socket.destroy();
  };
  onTestFinished(end);
  return end;
}
