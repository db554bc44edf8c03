import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { caseNames, caseRoot, readTree } from './support/case-folders.ts';
import { runCommand } from './support/run-command.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder to run in, holding what the case gives. */
function workplace(from: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'problem-'));
  folders.push(folder);
  if (existsSync(join(from, 'given'))) cpSync(join(from, 'given'), folder, { recursive: true });
  return folder;
}

describe('bad input: what the user sees, and nothing left behind', () => {
  it.each(caseNames('problems'))('%s', async (name) => {
    const from = join(caseRoot('problems'), name);
    const argv = JSON.parse(readFileSync(join(from, 'argv.json'), 'utf8')) as string[];
    const cwd = workplace(from);
    const before = readTree(cwd);
    const { code, out, err } = await runCommand(cwd, argv);
    const screen = `exit ${code}\n${out}${err}`.replaceAll(cwd, '<here>');
    if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(join(from, 'screen.txt'), screen);
    expect(screen).toBe(readFileSync(join(from, 'screen.txt'), 'utf8'));
    expect(readTree(cwd)).toEqual(before);
  });
});
