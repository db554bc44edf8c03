import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { caseNames, caseRoot, readTree } from './support/case-folders.ts';
import { type Ran, runCommand } from './support/run-command.ts';
import { applyEdit, linesOf, type UserEdit } from './support/user-edits.ts';

/** `case.yaml`: a stack, what its user did to it, and an update; `screen.txt` and `after/` hold what comes of it. */
interface Case {
  readonly what: string;
  readonly create: readonly string[];
  readonly edits: readonly UserEdit[];
  readonly update: readonly string[];
  /** Files of `after/` beside those that were edited. */
  readonly show?: readonly string[];
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function played(name: string): Promise<{ given: Case; root: string; ran: Ran; cwd: string }> {
  const given = parse(readFileSync(join(caseRoot('regenerate'), name, 'case.yaml'), 'utf8')) as Case;
  const cwd = mkdtempSync(join(tmpdir(), 'regenerate-'));
  folders.push(cwd);
  const root = join(cwd, 'shop');
  expect((await runCommand(cwd, ['shop', '--yes', ...given.create])).code).toBe(0);
  for (const edit of given.edits) applyEdit(root, edit);
  return { given, root, cwd, ran: await runCommand(cwd, ['update', 'shop', ...given.update]) };
}

/** The files that the user touched, and the proposals beside them, as they are afterwards. */
function outcome(root: string, given: Case): Record<string, string> {
  const wanted = new Set([...given.edits.map((edit) => edit.file), ...(given.show ?? [])]);
  const proposals = existsSync(join(root, '.redis-stack/conflicts'))
    ? readTree(join(root, '.redis-stack/conflicts'))
    : {};
  const files = [...wanted]
    .filter((file) => existsSync(join(root, file)) && lstatSync(join(root, file)).isFile())
    .map((file) => [file, readFileSync(join(root, file), 'utf8')]);
  return {
    ...Object.fromEntries(files),
    ...Object.fromEntries(Object.entries(proposals).map(([path, text]) => [`conflicts/${path}`, text])),
  };
}

function expectGolden(folder: string, files: Record<string, string>): void {
  const after = join(folder, 'after');
  if (process.env.WRITE_GOLDEN && !process.env.CI) {
    rmSync(after, { recursive: true, force: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(after, path)), { recursive: true });
      writeFileSync(join(after, path), text);
    }
  }
  expect(files).toEqual(existsSync(after) ? readTree(after) : {});
}

function expectOwnLines(root: string, edits: readonly UserEdit[]): void {
  for (const { file } of edits.filter((edit) => !edit.file.startsWith('.redis-stack'))) {
    const now = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
    for (const line of linesOf(edits, file)) expect(now, file).toContain(line);
  }
}

describe('a stack, its user’s edits, and an update', () => {
  it.each(caseNames('regenerate'))('%s', async (name) => {
    const folder = join(caseRoot('regenerate'), name);
    const { given, root, cwd, ran } = await played(name);
    const screen = `exit ${ran.code}\n${ran.out}${ran.err}`.replaceAll(cwd, '<here>');
    if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(join(folder, 'screen.txt'), screen);
    expect(screen).toBe(readFileSync(join(folder, 'screen.txt'), 'utf8'));
    expectGolden(folder, outcome(root, given));

    // Whatever the case is about: what the user wrote is there, and running it again changes nothing.
    if (!given.update.includes('--theirs')) expectOwnLines(root, given.edits);
    if (ran.code === 2) return;
    const before = readTree(root);
    expect((await runCommand(cwd, ['update', 'shop'])).code).toBe(ran.code);
    expect(readTree(root)).toEqual(before);
    expect((await runCommand(cwd, ['check', 'shop', '--only', 'files'])).code).toBe(ran.code);
  });
});
