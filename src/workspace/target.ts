import { basename, dirname, join } from 'node:path';
import { ProblemError, problem } from '../problem.ts';
import { SPEC_FILE } from '../spec/print.ts';
import type { Files } from '../system.ts';
import { finishInterrupted } from './apply.ts';
import { hasStaleLock, isAlive, takeLock } from './lock.ts';
import { buildingFolder, inside, JOURNAL, OURS, STATE, TMP } from './paths.ts';

/** What may lie in a folder that is otherwise empty. */
const HARMLESS = new Set(['.git', '.gitkeep', '.DS_Store', '.idea', '.vscode', 'Thumbs.db']);

/** Makes sure that a new stack may be written here. `shown` is the folder as the user wrote it. */
export function expectFreeFolder(files: Files, root: string, shown: string): void {
  const kind = look(files, root, shown);
  sweepUnfinished(files, root);
  if (kind === undefined) return;
  if (kind !== 'directory') {
    throw new ProblemError(
      problem(
        'target/not-a-folder',
        shown,
        'Something that is not a folder stands there.',
        'Choose another name.',
      ),
    );
  }
  recoverFolder(files, root);
  const names = (files.list(root) ?? []).filter((name) => !HARMLESS.has(name));
  if (names.length === 0) return;
  if (names.includes(SPEC_FILE) && files.kind(inside(root, STATE)) === 'file') {
    throw new ProblemError(
      problem(
        'target/stack-exists',
        shown,
        'A stack is there already.',
        `Change ${SPEC_FILE} and run \`create-redis-stack update\`, or choose another folder.`,
      ),
    );
  }
  const some = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  throw new ProblemError(
    problem(
      'target/not-empty',
      shown,
      `The folder holds other files (${some}).`,
      'Choose another name, or an empty folder.',
    ),
  );
}

/** What runs that were killed while they built this stack have left beside its place. */
function sweepUnfinished(files: Files, root: string): void {
  const mark = basename(buildingFolder(root, 0)).slice(0, -1);
  for (const name of files.list(dirname(root)) ?? []) {
    const pid = name.startsWith(mark) ? name.slice(mark.length) : '';
    if (/^\d+$/.test(pid) && !isAlive(Number(pid))) files.remove(join(dirname(root), name));
  }
}

function look(files: Files, root: string, shown: string) {
  try {
    return files.kind(root);
  } catch (cause) {
    throw new ProblemError(
      problem('target/unreachable', shown, (cause as Error).message, 'Choose another folder.'),
    );
  }
}

/** True where a run was killed, or is at work, between its decision and its last step. */
export function isInterrupted(files: Files, root: string): boolean {
  return files.kind(inside(root, JOURNAL)) === 'file';
}

/** Finishes what a killed run had decided, or throws away what it had not decided. */
export function recoverFolder(files: Files, root: string): void {
  if (files.kind(inside(root, TMP)) !== 'directory' && !hasStaleLock(files, root)) return;
  const release = takeLock(files, root);
  try {
    finishInterrupted(files, root);
  } finally {
    release();
    files.removeEmpty(inside(root, OURS));
  }
}
