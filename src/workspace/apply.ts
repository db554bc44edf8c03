import { dirname } from 'node:path';
import { digest } from '../digest.ts';
import type { Change, Plan } from '../plan/types.ts';
import { ProblemError, problem } from '../problem.ts';
import { SPEC_FILE } from '../spec/print.ts';
import type { Files } from '../system.ts';
import { takeLock } from './lock.ts';
import {
  BASE,
  buildingFolder,
  CONFLICTS,
  inside,
  isInside,
  JOURNAL,
  OURS,
  SECRETS,
  STATE,
  TMP,
} from './paths.ts';
import { LinkedFolders } from './read.ts';
import { printState, type State } from './state.ts';

const STAGED = `${TMP}/new`;
const REPLACED = `${TMP}/old`;

type Put = (path: string, text: string, mode: number) => void;

type Step = { readonly op: 'write' | 'delete'; readonly path: string };

export interface ApplyInput {
  readonly root: string;
  readonly plan: Pick<Plan, 'changes'>;
  readonly spec: State['spec'];
  readonly tool: string;
}

/**
 * Makes the tree what the plan says: all of it or none of it. Everything is staged inside the stack's own folder, then
 * written down in a journal, then moved into place, state.json last. A run that was killed is finished by the next one.
 * A folder that does not exist yet is built beside its place and appears at once.
 */
export function applyPlan(files: Files, input: ApplyInput): void {
  if (files.kind(input.root) === undefined) createTree(files, input);
  else changeTree(files, input);
}

function changeTree(files: Files, input: ApplyInput): void {
  const { root } = input;
  let release: (() => void) | undefined;
  expectNoLinks(files, input);
  try {
    files.makeDirectory(inside(root, OURS));
    release = takeLock(files, root);
    finishInterrupted(files, root);
    const steps = stage(files, input);
    files.write(inside(root, `${JOURNAL}.new`), JSON.stringify(steps), 0o600);
    files.flush(inside(root, `${JOURNAL}.new`));
    files.move(inside(root, `${JOURNAL}.new`), inside(root, JOURNAL));
    carryOut(files, root, steps);
    files.remove(inside(root, TMP));
  } catch (error) {
    // Without the lock the folder is somebody else's to mend.
    if (release) undo(files, root);
    throw explain(error, root);
  } finally {
    release?.();
    files.removeEmpty(inside(root, OURS));
  }
}

/** Finishes what a killed run had decided, or throws away what it had not. True when there was anything to finish. */
export function finishInterrupted(files: Files, root: string): boolean {
  const journal = files.read(inside(root, JOURNAL));
  if (journal === undefined) {
    files.remove(inside(root, TMP));
    return false;
  }
  for (const step of parseJournal(journal)) carryOutOne(files, root, step, true);
  files.remove(inside(root, TMP));
  return true;
}

/** The journal lies in the user's folder, so its paths are checked like any input. */
function parseJournal(text: string): readonly Step[] {
  const steps = JSON.parse(text) as readonly Step[];
  return steps.filter(({ path }) => isInside(path));
}

/** Builds a new tree beside its place and moves it there in one step, so that nobody ever sees half of it. */
function createTree(files: Files, input: ApplyInput): void {
  const { root } = input;
  const firstMissing = missingAncestor(files, root);
  const building = buildingFolder(root, process.pid);
  try {
    files.makeDirectory(inside(building, SECRETS), 0o700);
    for (const { path, text, mode } of newFiles(input)) files.write(inside(building, path), text, mode);
    files.removeEmpty(inside(building, SECRETS));
    files.move(building, root);
  } catch (error) {
    files.remove(building);
    if (firstMissing !== root) files.remove(firstMissing);
    throw explain(error, root);
  }
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Every file of a tree that begins, our records included. */
function* newFiles(input: ApplyInput): Iterable<NewFile> {
  for (const change of input.plan.changes) {
    if (writes(change)) yield { path: change.path, text: change.text ?? '', mode: change.mode ?? 0o644 };
    if (change.ownership === 'managed' && change.pristine !== undefined) {
      yield { path: `${BASE}/${change.path}`, text: change.pristine, mode: 0o644 };
    }
  }
  yield { path: STATE, text: printState(nextState(input)), mode: 0o644 };
}

/** The outermost folder on the way to `path` that has to be made. */
function missingAncestor(files: Files, path: string): string {
  const parent = dirname(path);
  return parent === path || files.kind(parent) !== undefined ? path : missingAncestor(files, parent);
}

function stage(files: Files, input: ApplyInput): readonly Step[] {
  const { root, plan } = input;
  const steps: Step[] = [];
  const put = (path: string, text: string, mode: number) => {
    files.write(inside(root, `${STAGED}/${path}`), text, mode);
    steps.push({ op: 'write', path });
  };
  for (const change of plan.changes) {
    if (writes(change)) put(change.path, change.text ?? '', change.mode ?? 0o644);
    if (change.action === 'delete') steps.push({ op: 'delete', path: change.path });
    stageBase(files, root, change, put, steps);
    stageProposal(files, root, change, put, steps);
  }
  put(STATE, printState(nextState(input)), 0o644);
  return steps;
}

function writes(change: Change): boolean {
  return change.action === 'create' || change.action === 'update' || change.action === 'merge';
}

function stageBase(files: Files, root: string, change: Change, put: Put, steps: Step[]): void {
  const path = `${BASE}/${change.path}`;
  const stored = files.read(inside(root, path));
  if (change.ownership === 'managed' && change.pristine !== undefined) {
    if (stored !== change.pristine) put(path, change.pristine, 0o644);
  } else if (stored !== undefined && change.action !== 'conflict') {
    steps.push({ op: 'delete', path });
  }
}

/** A clash leaves the user's file alone and lays the proposal beside it; a clash that is over takes it away. */
function stageProposal(files: Files, root: string, change: Change, put: Put, steps: Step[]): void {
  const path = `${CONFLICTS}/${change.path}`;
  if (change.action === 'conflict') put(path, change.text ?? '', 0o644);
  else if (files.kind(inside(root, path)) === 'file') steps.push({ op: 'delete', path });
}

/** The records as they are after a plan has been carried out. */
export function nextState({ plan, spec, tool }: Omit<ApplyInput, 'root'>): State {
  const tracked = plan.changes.filter((c) => c.pristine !== undefined && c.ownership !== 'secret');
  const files = tracked.map(({ path, pristine, pristineMode, ownership }) => [
    path,
    {
      // The spec is the user's from the beginning: new answers are written into it, nothing else is.
      digest: digest(path === SPEC_FILE ? '' : (pristine ?? '')),
      mode: pristineMode ?? 0o644,
      ownership,
    },
  ]);
  return { tool, spec, files: Object.fromEntries(files) as State['files'] };
}

/** A folder that is a link must not carry our writing to another place; ours comes with version control like any file. */
function expectNoLinks(files: Files, { root, plan }: ApplyInput): void {
  const links = new LinkedFolders(files, root);
  const touched = plan.changes
    .filter((change) => change.action !== 'keep' && change.action !== 'conflict')
    .map((change) => change.path);
  const ours = plan.changes.flatMap(({ path }) => [`${BASE}/${path}`, `${CONFLICTS}/${path}`]);
  const linked = [STATE, JOURNAL, ...ours, ...touched].find((path) => links.holds(path));
  if (linked === undefined) return;
  throw new ProblemError(
    problem(
      'disk/link',
      dirname(linked),
      'It is a link, or lies behind one; writing there would change another place.',
      'Put a real folder there.',
    ),
  );
}

function carryOut(files: Files, root: string, steps: readonly Step[]): void {
  for (const step of steps) carryOutOne(files, root, step, false);
}

/** `again` is true when an earlier run may have done this step already. */
function carryOutOne(files: Files, root: string, { op, path }: Step, again: boolean): void {
  const target = inside(root, path);
  const staged = inside(root, `${STAGED}/${path}`);
  if (op === 'write' && again && files.kind(staged) === undefined) return;
  if (path.startsWith(`${SECRETS}/`)) files.makeDirectory(inside(root, SECRETS), 0o700);
  const kept = inside(root, `${REPLACED}/${path}`);
  if (files.kind(target) !== undefined && files.kind(kept) === undefined) files.move(target, kept);
  if (op === 'write') files.move(staged, target);
}

/** Puts back what was replaced, and removes what was new: a written path that kept no predecessor. */
function undo(files: Files, root: string): void {
  const journal = files.read(inside(root, JOURNAL));
  for (const { op, path } of parseJournal(journal ?? '[]').toReversed()) {
    const kept = inside(root, `${REPLACED}/${path}`);
    const wasPlaced = op === 'write' && files.kind(inside(root, `${STAGED}/${path}`)) === undefined;
    if (files.kind(kept) !== undefined) files.move(kept, inside(root, path));
    else if (wasPlaced) files.remove(inside(root, path));
  }
  files.remove(inside(root, TMP));
}

function explain(error: unknown, root: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedies: Readonly<Record<string, string>> = {
    ENOSPC: 'Make room on the disk and run it again.',
    EDQUOT: 'Make room in your quota and run it again.',
    EACCES: 'Make the folder writable for you, or choose another.',
    EPERM: 'Make the folder writable for you, or choose another.',
    EROFS: 'Choose a folder that can be written.',
  };
  const remedy = code ? remedies[code] : undefined;
  return remedy
    ? new ProblemError(problem('disk/not-written', root, `${message}. Nothing was changed.`, remedy))
    : error;
}
