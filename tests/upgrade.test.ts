import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STATE_FORMAT } from '../src/workspace/state.ts';
import { readTree } from './support/case-folders.ts';
import { runCommand } from './support/run-command.ts';
import { applyEdit } from './support/user-edits.ts';

/** A stack as an earlier format of the records left it. */
const fixture = fileURLToPath(new URL('./upgrade/format-1', import.meta.url));

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'upgrade-'));
  cpSync(fixture, join(cwd, 'shop'), { recursive: true });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const state = () =>
  JSON.parse(readFileSync(join(cwd, 'shop/.redis-stack/state.json'), 'utf8')) as { format: number };

describe('records of format 1', () => {
  it('are understood: only what this release writes differently changes, and the format moves forward', async () => {
    expect(state().format).toBe(1);
    const { code, out, err } = await runCommand(cwd, ['update', 'shop']);
    expect([code, err], out).toEqual([0, '']);
    expect(out).not.toMatch(/^[!]/m);
    expect(state().format).toBe(STATE_FORMAT);
    expect((await runCommand(cwd, ['check', 'shop', '--only', 'files'])).code).toBe(0);
    const once = readTree(join(cwd, 'shop'));
    await runCommand(cwd, ['update', 'shop']);
    expect(readTree(join(cwd, 'shop'))).toEqual(once);
  });

  it('edits made since are told from ours', async () => {
    const root = join(cwd, 'shop');
    applyEdit(root, { file: 'conf/redis.conf', append: 'hz 50\n' });
    applyEdit(root, { file: 'README.md', delete: true });
    const { code, out } = await runCommand(cwd, ['update', 'shop', '--memory', '4Gi']);
    expect([code, out]).toEqual([0, expect.stringMatching(/m conf\/redis.conf/)]);
    expect(readFileSync(join(root, 'conf/redis.conf'), 'utf8')).toMatch(/^maxmemory \d+mb$[\s\S]*^hz 50$/m);
    expect(Object.keys(readTree(root))).not.toContain('README.md');
  });
});
