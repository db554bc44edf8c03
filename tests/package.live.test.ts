import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('..', import.meta.url));
let work = '';
let archive = '';

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'package-'));
  await execa('npm', ['pack', repository, '--ignore-scripts', '--silent'], { cwd: work });
  archive = readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '';
  await execa('tar', ['-xzf', archive], { cwd: work });
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

it('is small and needs nothing else', () => {
  const manifest = JSON.parse(readFileSync(join(work, 'package/package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.peerDependencies).toBeUndefined();
  expect(statSync(join(work, archive)).size).toBeLessThan(3_500_000);
});

it('writes and checks a stack far away from its own source', async () => {
  const cli = join(work, 'package/dist/cli.cjs');
  await execa('node', [cli, 'shop', '--yes', '--topology', 'sentinel'], { cwd: work });
  expect(readdirSync(join(work, 'shop'))).toContain('redis-stack.yaml');
  const { stdout } = await execa('node', [cli, 'check', 'shop', '--only', 'files,compose', '--json'], {
    cwd: work,
  });
  const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
  expect(checks.map(({ id, status }) => [id, status])).toEqual([
    ['files', 'ok'],
    ['compose', 'ok'],
  ]);
});

it('writes the same bytes as the source that the other tests look at', async () => {
  const cli = join(work, 'package/dist/cli.cjs');
  const spec = join(repository, 'tests/golden/cluster-cache/spec.yaml');
  await execa('node', [cli, 'catalogue', '--spec', spec], { cwd: work });
  for (const path of [
    'compose.yaml',
    'conf/redis.conf',
    'client/src/stack.ts',
    'README.md',
    'redis-stack.yaml',
  ]) {
    const golden = readFileSync(join(repository, 'tests/golden/cluster-cache/tree', path), 'utf8');
    expect(readFileSync(join(work, 'catalogue', path), 'utf8'), path).toBe(golden);
  }
});
