import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openConnection } from '../../src/redis/connection.ts';
import { newest } from '../support/engines.ts';
import { ANYONE, diagnosed, found, give, ids, server } from './doctor-servers.ts';

const REDIS = newest('redis');
const VALKEY = newest('valkey');
const times = <T>(n: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: n }, (_, i) => make(i));
const loop = (n: number, body: string) => ['EVAL', `for i = 1, ${n} do ${body} end`, '0'];

describe('habits of clients are seen in what the server counts', () => {
  it.each([REDIS, VALKEY])(
    '$name $line: whole hashes are read, and the slow log has them',
    async (engine) => {
      const one = await server(engine, ['slowlog-log-slower-than', '10000']);
      await give(one, [
        loop(20, `redis.call('HSET', 'small', i, i)`),
        ...times(200, () => ['HGETALL', 'small']),
      ]);
      expect(ids(await diagnosed([one]))).not.toContain('o-n-commands');
      await give(one, [
        loop(80_000, `redis.call('HSET', 'large', i, i)`),
        // Long enough to be slow on any machine.
        loop(200_000, `redis.call('RPUSH', 'list', i)`),
        ...times(110, () => ['HGETALL', 'large']),
        ...times(5, () => ['SORT', 'list', 'ALPHA', 'LIMIT', '0', '1']),
      ]);
      const diagnosis = await diagnosed([one]);
      expect(found(diagnosis, 'o-n-commands')).toMatchObject({ severity: 'warning' });
      expect(found(diagnosis, 'o-n-commands').message).toMatch(/^HGETALL takes [\d.]+ ms/);
      expect(found(diagnosis, 'slow-commands').evidence.join()).toMatch(/sort list/i);
    },
  );

  it.each([REDIS, VALKEY])('$name $line: scripts with values written into their texts', async (engine) => {
    const one = await server(engine);
    await give(
      one,
      times(20, (i) => ['EVAL', `return ${i}`, '0']),
    );
    expect(ids(await diagnosed([one]))).not.toContain('eval-instead-of-evalsha');
    await give(
      one,
      times(1000, (i) => ['EVAL', `return ${i}`, '0']),
    );
    expect(found(await diagnosed([one]), 'eval-instead-of-evalsha').severity).toBe('warning');
  });

  it('connections at maxclients, and some that were turned away', async () => {
    const one = await server(VALKEY, ['maxclients', '20']);
    expect(ids(await diagnosed([one]))).not.toContain('connection-limit');
    const sockets = await Promise.all(
      times(17, async () => {
        const socket = connect(one.port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    );
    expect(found(await diagnosed([one]), 'connection-limit').severity).toBe('warning');
    for (const socket of sockets) socket.destroy();
  });

  it('a subscriber that does not read is cut off', async () => {
    const one = await server(REDIS, ['client-output-buffer-limit', 'pubsub 1mb 0 0']);
    const deaf = connect(one.port, '127.0.0.1');
    deaf.on('error', () => undefined);
    await once(deaf, 'connect');
    deaf.write('SUBSCRIBE news\r\n');
    await once(deaf, 'data');
    deaf.pause();
    await give(
      one,
      times(200, () => ['PUBLISH', 'news', 'x'.repeat(200_000)]),
    );
    deaf.destroy();
    expect(found(await diagnosed([one]), 'clients-cut-off').message).toMatch(/^1 client was cut off/);
  });

  it('SAVE, several databases, notifications and a lock without a TTL', async () => {
    const one = await server(VALKEY, ['notify-keyspace-events', 'Ex']);
    await give(one, [
      loop(300_000, `redis.call('SET', 'k:' .. i, i)`),
      ['SAVE'],
      ...times(1000, (i) => ['SETNX', `lock:${i}`, 'x']),
      ['SELECT', '3'],
      ['SET', 'a', 'b'],
    ]);
    const seen = ids(await diagnosed([one]));
    for (const id of ['save-command', 'numbered-databases', 'keyspace-notifications', 'locks-with-setnx'])
      expect(seen).toContain(id);
  });

  it('a cache that is too small for what is asked of it', async () => {
    const one = await server(REDIS, ['maxmemory', '4mb'], ['maxmemory-policy', 'allkeys-lru'], ['save', '']);
    await give(
      one,
      times(20_000, (i) => ['SET', `k:${i}`, 'x'.repeat(500), 'EX', '600']),
    );
    await give(
      one,
      times(20_000, (i) => ['GET', `k:${i}`]),
    );
    expect(found(await diagnosed([one]), 'cache-misses').severity).toBe('warning');
  });

  it('workers that ask an empty queue, and lists that are searched', async () => {
    const one = await server(REDIS);
    await give(one, [
      loop(120_000, `redis.call('LPOP', 'jobs')`),
      ['RPUSH', 'jobs', 'x'],
      ['RPUSH', 'members', ...times(20_000, String)],
      loop(2000, `redis.call('LPOS', 'members', 20000)`),
    ]);
    const diagnosis = await diagnosed([one]);
    expect(found(diagnosis, 'polling-queues').message).toContain('LPOP');
    expect(found(diagnosis, 'lists-as-sets').message).toContain('LPOS');
  });

  it('large strings of one form, and a huge one that the sample does not meet', async () => {
    const one = await server(REDIS, ['proto-max-bulk-len', '64mb']);
    await give(one, [
      ...times(20, (i) => ['SET', `page:${i}`, 'x'.repeat(200_000)]),
      ['SET', 'report', 'x'.repeat(9_000_000)],
    ]);
    const all = await diagnosed([one], { keys: 100 });
    expect(
      all.findings
        .filter(({ id }) => id === 'large-objects')
        .map(({ at }) => at)
        .sort(),
    ).toEqual(['page:*', 'report']);
    const none = await diagnosed([one], { keys: 0 });
    expect(ids(none)).not.toContain('large-objects');
  });

  it('a client that waits without a timeout is not called endless before ten minutes', async () => {
    const one = await server(VALKEY);
    const worker = await openConnection({ host: '127.0.0.1', port: one.port }, ANYONE);
    worker.call('BLPOP', 'jobs', '0').catch(() => undefined);
    const diagnosis = await diagnosed([one]);
    worker.close();
    expect(diagnosis.facts.nodes[0]?.clients?.blocked).toHaveLength(1);
    expect(ids(diagnosis)).not.toContain('endless-blocking');
  });
});

describe('a server that has just started and is used a little', () => {
  it.each([REDIS, VALKEY])('$name $line: no warning of habits or keys', async (engine) => {
    const one = await server(engine);
    await give(one, [
      ['SET', 'a', '1'],
      ['GET', 'a'],
      ['KEYS', '*'],
      ['PUBLISH', 'news', 'x'],
      ['LPUSH', 'l', '1'],
    ]);
    const { findings, checklist } = await diagnosed([one], { keys: 100 });
    expect(findings.filter(({ group }) => group === 'patterns' || group === 'keys')).toEqual([]);
    const answers = Object.fromEntries(checklist.map(({ id, answer }) => [id, answer]));
    expect(answers).toEqual({
      structures: 'yes',
      ttls: 'unseen',
      'memory-limit': 'no',
      persistence: 'no',
      'high-availability': 'no',
      'connection-pooling': 'unseen',
      monitoring: 'unseen',
      backups: 'no',
    });
  });
});
