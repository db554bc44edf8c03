import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openConnection } from '../../src/redis/connection.ts';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { ANYONE, diagnosed, found, give, ids, server } from './doctor-servers.ts';

const REDIS = newest('redis');
const VALKEY = newest('valkey');
const FILL = `for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], i) end`;

describe('one server in a bad state is found out, and one in a good state is left alone', () => {
  it.each([REDIS, VALKEY])('$name $line: a list of a million elements', async (engine) => {
    const one = await server(engine);
    await give([one][0] ?? one, [['SET', 'small', 'x']]);
    expect(ids(await diagnosed([one], { keys: 100 }))).not.toContain('large-keys');
    await give(one, [['EVAL', FILL, '1', 'jobs', '1100000']]);
    const finding = found(await diagnosed([one], { keys: 100 }), 'large-keys');
    expect(finding).toMatchObject({ severity: 'warning', at: 'jobs' });
    expect(finding.message).toMatch(/1[.,]1/);
  });

  it('a hot key under an LFU policy', async () => {
    const one = await server(VALKEY, ['maxmemory', '100mb'], ['maxmemory-policy', 'allkeys-lfu']);
    await give(
      one,
      Array.from({ length: 200 }, (_, i) => ['SET', `k:${i}`, 'x', 'EX', '600']),
    );
    expect(ids(await diagnosed([one], { keys: 1000 }))).not.toContain('hot-keys');
    await give(one, [['EVAL', `for i = 1, 2000000 do redis.call('GET', KEYS[1]) end`, '1', 'k:7']]);
    expect(found(await diagnosed([one], { keys: 1000 }), 'hot-keys').at).toBe('k:7');
  });

  it('keys without a TTL in a cache that never evicts them', async () => {
    const one = await server(
      REDIS,
      ['maxmemory', '100mb'],
      ['maxmemory-policy', 'volatile-lru'],
      ['save', ''],
    );
    const keys = (ttl: readonly string[]) =>
      Array.from({ length: 2000 }, (_, i) => ['SET', `page:${i}`, 'x', ...ttl]);
    await give(one, keys(['EX', '600']));
    expect(ids(await diagnosed([one], { keys: 500 }))).not.toContain('no-ttl-in-a-cache');
    await give(one, keys([]));
    const finding = found(await diagnosed([one], { keys: 500 }), 'no-ttl-in-a-cache');
    expect(finding.severity).toBe('warning');
    expect(finding.remedy).toContain('page:*');
  });

  it('KEYS over many keys, again and again', async () => {
    const one = await server(REDIS);
    await give(one, [
      ['EVAL', `for i = 1, 100000 do redis.call('SET', 'k:' .. i, 'x') end`, '0'],
      ...Array.from({ length: 12 }, () => ['KEYS', 'no:*']),
    ]);
    const diagnosis = await diagnosed([one]);
    expect(found(diagnosis, 'keys-command').severity).toBe('warning');
    expect(found(diagnosis, 'keys-command').evidence.join()).toContain('calls=12');
  });

  it('memory is full, and writes are refused', async () => {
    const one = await server(VALKEY, ['maxmemory', '20mb'], ['maxmemory-policy', 'noeviction']);
    await expect(
      give(
        one,
        Array.from({ length: 20_000 }, (_, i) => ['SET', `k:${i}`, 'x'.repeat(1000)]),
      ),
    ).rejects.toThrow('OOM');
    const diagnosis = await diagnosed([one]);
    expect(found(diagnosis, 'refused-commands').message).toContain('OOM');
    expect(found(diagnosis, 'memory-near-limit').severity).toBe('error');
  });

  it('no limit of memory at all', async () => {
    const one = await server(REDIS);
    expect(ids(await diagnosed([one]))).toContain('no-memory-limit');
  });

  it('anybody may do anything, until the user default is off', async () => {
    const one = await server(REDIS);
    expect(found(await diagnosed([one]), 'default-user-open').severity).toBe('warning');
    await give(one, [
      ['ACL', 'SETUSER', 'ops', 'on', '>a-long-and-random-word-7f3k', '~*', '&*', '+@all'],
      ['ACL', 'SETUSER', 'default', 'off'],
    ]);
    const credentials = { username: 'ops', password: 'a-long-and-random-word-7f3k' };
    expect(ids(await diagnosed([one], { credentials }))).not.toContain('default-user-open');
  });

  it('passwords that everybody tries, and one that two users share', async () => {
    const one = await server(REDIS);
    await give(one, [
      ['ACL', 'SETUSER', 'shop', 'on', '>password123', '~*', '+@read'],
      ['ACL', 'SETUSER', 'mail', 'on', '>n0t-on-any-list-4418', '~*', '+@read'],
      ['ACL', 'SETUSER', 'bill', 'on', '>n0t-on-any-list-4418', '~*', '+@read'],
    ]);
    const diagnosis = await diagnosed([one]);
    expect(found(diagnosis, 'weak-password').evidence.join()).toContain('shop');
    expect(JSON.stringify(found(diagnosis, 'shared-password'))).toMatch(/mail.*bill|bill.*mail/);
    expect(JSON.stringify(diagnosis)).not.toMatch(/password123|n0t-on-any-list/);
  });

  it('an application that may empty the server', async () => {
    const one = await server(VALKEY);
    await give(one, [['ACL', 'SETUSER', 'shop', 'on', '>n0t-on-any-list-4418', '~*', '+@all', '-@admin']]);
    expect(JSON.stringify(found(await diagnosed([one]), 'dangerous-commands'))).toMatch(/flushall/i);
  });

  it('snapshots fail', async () => {
    const gone = mkdtempSync(join(tmpdir(), 'gone-'));
    const one = await server(REDIS, ['save', '3600 1'], ['enable-protected-configs', 'yes']);
    await give(one, [
      ['CONFIG', 'SET', 'dir', gone],
      ['SET', 'k', 'v'],
    ]);
    expect(ids(await diagnosed([one]))).not.toContain('saves-failing');
    rmSync(gone, { recursive: true });
    await give(one, [['BGSAVE']]);
    await until('it has failed', async () =>
      (await one.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    const diagnosis = await diagnosed([one]);
    expect(found(diagnosis, 'saves-failing')).toMatchObject({ severity: 'error' });
    expect(ids(diagnosis)).toContain('saves-failing');
  });

  it('messages are published, and nobody listens', async () => {
    const one = await server(VALKEY);
    await give(
      one,
      Array.from({ length: 2000 }, () => ['PUBLISH', 'orders', 'x']),
    );
    expect(ids(await diagnosed([one]))).toContain('pubsub-unheard');
  });

  it('somebody watches with MONITOR', async () => {
    const one = await server(REDIS);
    expect(ids(await diagnosed([one]))).not.toContain('monitor-in-use');
    const connection = await openConnection({ host: '127.0.0.1', port: one.port }, ANYONE);
    await connection.call('MONITOR');
    const seen = await diagnosed([one]);
    connection.close();
    expect(ids(seen)).toContain('monitor-in-use');
  });

  it('a release with known holes', async () => {
    const one = await server(REDIS);
    const [release] = [REDIS.version];
    const finding = found(await diagnosed([one]), 'release-known-holes');
    expect(`${finding.message} ${finding.evidence.join()}`).toContain(release);
  });
});
