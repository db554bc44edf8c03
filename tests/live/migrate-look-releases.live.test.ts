import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canRead } from '../../src/migrate/look/formats.ts';
import { type Engine, engines, newest } from '../support/engines.ts';
import { type Server, startServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { ending, found, look, model, server } from './look-servers.ts';

describe('which release really reads which', () => {
  const pairs = engines().flatMap((from) => engines().map((to) => [from, to] as const));
  const name = ({ name: engineName, line }: Engine) => `${engineName} ${line}`;
  const sameFormat = new Set(['redis 8.2 to redis 8.0']);

  /** True once the replica has all; false when it says in its log that it cannot. */
  async function copies(source: Server, to: Engine): Promise<boolean> {
    const replica = await server(to, ['replicaof', '127.0.0.1', String(source.port)]);
    const refused = /Can't handle RDB format|I\/O error reading bulk count|wrong RDB|Failed trying to load/i;
    let linked = false;
    await until('the copy is made or refused', async () => {
      linked = (await replica.cli('INFO', 'replication')).includes('master_link_status:up');
      return linked || refused.test(replica.log()) || refused.test(source.log());
    });
    return linked;
  }

  /** Whether a server of the other release begins with a snapshot that this one has made. */
  async function startsOnFilesOf(source: Server, to: Engine): Promise<boolean> {
    const dir = mkdtempSync(join(tmpdir(), 'files-'));
    ending.push(() => rmSync(dir, { recursive: true, force: true }));
    await source.cli('SAVE');
    copyFileSync(join(source.dir, 'dump.rdb'), join(dir, 'dump.rdb'));
    try {
      const next = await startServer({ engine: to, dir });
      ending.push(() => next.dispose());
      return (await next.cli('DBSIZE')) === (await source.cli('DBSIZE'));
    } catch {
      return false;
    }
  }

  it.each(pairs.map(([from, to]) => [name(from), name(to), from, to] as const))(
    '%s to %s',
    async (_, __, from, to) => {
      const source = await server(from);
      await source.cli('HSET', 'h', 'f', '1');
      await source.cli('XADD', 's', '*', 'a', 'b');
      await source.cli(
        'FUNCTION',
        'LOAD',
        "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
      );
      const verdict = canRead(
        { engine: from.name, version: from.version },
        { name: to.name, version: to.line },
      );
      const after = model({ engine: { name: to.name, version: to.line }, topology: { kind: 'standalone' } });
      // Some go back one release by chance, which is nothing to build upon.
      const byChance = sameFormat.has(`${name(from)} to ${name(to)}`);
      expect(await startsOnFilesOf(source, to)).toBe(verdict === 'yes' || byChance);
      expect(await copies(source, to)).toBe(verdict !== 'no' || byChance);
      if (verdict === 'without-expiring-fields') {
        await source.cli('HEXPIRE', 'h', '1000', 'FIELDS', '1', 'f');
        expect(found(await look(source), 'expiring-fields', after).level).toBe('stops');
        expect(await copies(source, to)).toBe(false);
      }
      if (verdict === 'no') {
        expect(found(await look(source), 'release-unreadable', after).level).toBe('stops');
      }
    },
  );

  it('the newest of each engine is among them', () => {
    expect(pairs).toContainEqual([newest('valkey'), newest('redis')]);
  });
});
