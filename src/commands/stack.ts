import { basename, resolve } from 'node:path';
import { readJournal } from '../migrate/journal.ts';
import { buildModel } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { inFile, parseSpec } from '../spec/parse.ts';
import { SPEC_FILE } from '../spec/print.ts';
import { readSpecText } from '../spec/read.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import { isInterrupted, recoverFolder } from '../workspace/target.ts';

export interface OpenStack {
  readonly root: string;
  readonly spec: StackSpec;
  readonly model: StackModel;
}

/** The folder of a stack as an absolute path. */
export const stackRoot = (system: System, dir: string): string => resolve(system.cwd, dir);

/**
 * The stack in a folder, by its `redis-stack.yaml`. A change that was interrupted is finished first with `recover`;
 * without it, it is a problem, for the files may not fit together.
 */
export function openStack(system: System, dir: string, { recover = false } = {}): OpenStack {
  const root = stackRoot(system, dir);
  if (recover) recoverFolder(system.files, root);
  else if (isInterrupted(system.files, root)) throw new ProblemError(interrupted(dir));
  const place = dir === '.' ? SPEC_FILE : `${dir.replace(/\/+$/, '')}/${SPEC_FILE}`;
  const text = readSpec(system, root, place);
  if (text === undefined) {
    throw new ProblemError(
      problem(
        'stack/not-found',
        place,
        'There is no stack here.',
        `Give the folder of a stack, or write one: create-redis-stack ${dir === '.' ? 'shop' : dir}.`,
      ),
    );
  }
  const data = expectValue(readSpecText(text, place));
  const { spec } = expectValue(inFile(parseSpec(data, basename(root)), place));
  return { root, spec, model: buildModel(spec) };
}

/** Rejects with `migrate/half-finished` while a migration is under way: its nodes and files are those of two stacks. */
export function expectNoMigration({ files }: System, root: string, dir: string): void {
  const left = readJournal(files, root);
  if (left === undefined) return;
  throw new ProblemError(
    problem(
      'migrate/half-finished',
      dir,
      `A migration of this stack came as far as '${left.begun ?? left.done.at(-1) ?? 'the beginning'}' and did not end.`,
      'Go on with `migrate --resume`, or undo it with `migrate --rollback`.',
    ),
  );
}

function interrupted(dir: string) {
  return problem(
    'stack/interrupted',
    dir,
    'A change of this stack was interrupted, so its files may not fit together.',
    `Finish it: create-redis-stack update${dir === '.' ? '' : ` ${dir}`}.`,
  );
}

function readSpec(system: System, root: string, place: string): string | undefined {
  try {
    return system.files.read(inside(root, SPEC_FILE));
  } catch (cause) {
    throw new ProblemError(
      problem('spec/unreadable', place, (cause as Error).message, 'Make it a readable file.'),
    );
  }
}
