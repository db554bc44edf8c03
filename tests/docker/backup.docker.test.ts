import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Router } from '../../src/backup/router.ts';
import {
  countKeys,
  openKeys,
  readVaried,
  SPECIMEN_COUNT,
  writeMany,
  writeVaried,
} from '../live/varied-data.ts';
import { until } from '../support/until.ts';
import { createStack, type DockerStack, newestImage } from './stack.ts';

const MANY = 3000;

describe.each([
  ['valkey', 'sentinel'],
  ['redis', 'cluster'],
] as const)('%s, %s', (engine, topology) => {
  const image = newestImage(engine);
  let stack: DockerStack;
  let keys: Router;
  let before: unknown;
  let held = 0;

  const like = { engine: image } as Parameters<typeof writeVaried>[0];
  const sets = () => readdirSync(join(stack.dir, 'backups/sets')).filter((name) => name.endsWith('.json'));

  beforeAll(async () => {
    const small = ['--memory', '256Mi', '--eviction', 'noeviction'];
    stack = await createStack(image, '--topology', topology, ...small, '--set', 'backup.every=6h');
    await stack.up('--timeout', '240');
    keys = await openKeys(stack);
    await writeVaried(like, keys);
    await writeMany(keys, MANY);
    before = await readVaried(like, keys);
    held = await countKeys(keys);
  }, 480_000);

  afterAll(async () => {
    keys?.close();
    await stack?.dispose();
  });

  it('the job makes a set by itself, and is healthy then', async () => {
    await until('the first set', () => sets().length === 1, { timeoutMs: 60_000 });
    const words = ['inspect', '--format', '{{.State.Health.Status}}', stack.container('backup')];
    await until('the job to be healthy', async () => (await stack.docker(...words)).trim() === 'healthy', {
      timeoutMs: 60_000,
    });
  });

  it('a set by hand, a drill, a loss of everything, a restore', async () => {
    const made = await stack.command('backup', stack.dir, '--json');
    expect(`${made.code} ${made.err}`).toBe('0 ');
    const { manifest } = JSON.parse(made.out) as { manifest: { shards: { keys: number; role: string }[] } };
    expect(manifest.shards.every((shard) => shard.role === 'replica')).toBe(true);
    expect(manifest.shards.reduce((sum, shard) => sum + shard.keys, 0)).toBe(held);
    expect(held).toBeGreaterThanOrEqual(MANY + SPECIMEN_COUNT - 1);

    const drilled = await stack.command('restore', stack.dir, '--drill', '--json');
    expect(`${drilled.code} ${drilled.err}`).toBe('0 ');

    keys.close();
    expect((await stack.down('--delete-data')).code).toBe(0);
    await stack.up('--timeout', '240');
    keys = await openKeys(stack);
    expect(await countKeys(keys)).toBe(0);
    const restored = await stack.command('restore', stack.dir, '--from', 'newest', '--json');
    expect(`${restored.code} ${restored.err}`).toBe('0 ');
    expect(await countKeys(keys)).toBe(held);
    expect(await readVaried(like, keys)).toEqual(before);
  }, 480_000);

  it('nothing is left of what was started beside the stack', async () => {
    const left = await stack.docker('ps', '--all', '--format', '{{.Names}}');
    expect(
      left.split('\n').filter((name) => name.startsWith(`${stack.name}-`) && /scratch|-backup-\d/.test(name)),
    ).toEqual([stack.container('backup')]);
    const networks = await stack.docker('network', 'ls', '--format', '{{.Name}}');
    expect(networks.split('\n').filter((name) => name.startsWith(stack.name))).toEqual([stack.network]);
  });
});
