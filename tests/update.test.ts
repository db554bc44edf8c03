import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTree } from './support/case-folders.ts';
import { runCommand } from './support/run-command.ts';

let cwd = '';
const run = (...argv: readonly string[]) => runCommand(cwd, argv);
const at = (path: string) => join(cwd, 'shop', path);
const read = (path: string) => readFileSync(at(path), 'utf8');
const edit = (path: string, change: (text: string) => string) => writeFileSync(at(path), change(read(path)));

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'update-'));
  expect((await run('shop', '--yes', '--topology', 'sentinel')).code).toBe(0);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

describe('update', () => {
  it('changes nothing where nothing changed, and nothing on a dry run', async () => {
    const before = readTree(at(''));
    expect((await run('update', 'shop')).out).toContain('follows from the spec already');
    expect((await run('update', 'shop', '--memory', '4Gi', '--dry-run')).out).toMatch(
      /~ compose.yaml[\s\S]*Nothing was written/,
    );
    expect(readTree(at(''))).toEqual(before);
  });

  it('follows an edited redis-stack.yaml and keeps edits everywhere', async () => {
    edit('redis-stack.yaml', (t) => t.replace('limit: 1Gi', 'limit: 4Gi'));
    edit('conf/redis.conf', (t) =>
      t.replace(/^maxmemory-policy .*/m, '# hot keys here\nmaxmemory-policy allkeys-lru'),
    );
    edit('compose.yaml', (t) => t.replace('services:\n', 'services:\n  app: # ours\n    image: app:1\n'));
    const { code, out } = await run('update', 'shop');
    expect([code, out]).toEqual([0, expect.stringMatching(/m compose.yaml[\s\S]*m conf\/redis.conf/)]);
    expect(read('conf/redis.conf')).toMatch(/# hot keys here\nmaxmemory-policy allkeys-lru/);
    expect(read('conf/redis.conf')).toMatch(/^maxmemory 2\d{3}mb/m);
    expect(read('compose.yaml')).toMatch(/app: # ours\n {4}image: app:1[\s\S]*/);
    expect(read('compose.yaml')).toContain('mem_limit: 4g');
    expect((await run('update', 'shop')).out).toContain('follows from the spec already');
    expect((await run('check', 'shop', '--only', 'files')).code).toBe(0);
  });

  it('leaves a file alone where both changed the same thing, says so, and is content once it is settled', async () => {
    edit('conf/redis.conf', (t) => t.replace(/^maxmemory .*/m, 'maxmemory 100mb'));
    const mine = read('conf/redis.conf');
    const { code, out } = await run('update', 'shop', '--memory', '4Gi');
    expect(code).toBe(1);
    expect(out).toMatch(/! conf\/redis.conf\s+you and we changed maxmemory/);
    expect(read('conf/redis.conf')).toBe(mine);
    expect(read('.redis-stack/conflicts/conf/redis.conf')).toMatch(/<<<<<<< yours\nmaxmemory 100mb/);
    expect((await run('update', 'shop')).code).toBe(1);
    // Taking over what we would write settles it.
    const [, ours = ''] =
      /=======\n(maxmemory .*)\n>>>>>>>/.exec(read('.redis-stack/conflicts/conf/redis.conf')) ?? [];
    edit('conf/redis.conf', (t) => t.replace('maxmemory 100mb', ours));
    expect((await run('update', 'shop')).code).toBe(0);
    expect(existsSync(at('.redis-stack/conflicts/conf/redis.conf'))).toBe(false);
  });

  it('goes to another topology and back to the very same files', async () => {
    const before = readTree(at(''));
    expect((await run('update', 'shop', '--topology', 'sentinel', '--set', 'topology.replicas=3')).code).toBe(
      0,
    );
    expect(read('compose.yaml')).toContain('node-4:');
    expect((await run('update', 'shop', '--set', 'topology.replicas=2')).code).toBe(0);
    expect(readTree(at(''))).toEqual(before);
  });

  it('never brings back what the user deleted', async () => {
    rmSync(at('conf/scripts/health.sh'));
    expect((await run('update', 'shop', '--memory', '4Gi')).code).toBe(0);
    expect(existsSync(at('conf/scripts/health.sh'))).toBe(false);
  });

  it('refuses another name, for that is another stack', async () => {
    const { code, err } = await run('update', 'shop', '--name', 'other');
    expect([code, err]).toEqual([2, expect.stringContaining('another one')]);
  });
});
