import { dirname } from 'node:path';
import { digest } from '../digest.ts';
import type { CurrentFile, Guard, PristineFile } from '../plan/types.ts';
import { type Problem, problem } from '../problem.ts';
import { SPEC_FILE } from '../spec/print.ts';
import type { Files } from '../system.ts';
import { BASE, inside, STATE } from './paths.ts';
import { parseState, type State } from './state.ts';

/** Our own records in the user's folder as we find them. */
export interface Workspace {
  readonly root: string;
  readonly state: State | undefined;
  /** The text of state.json, where it is. */
  readonly stateText: string | undefined;
  readonly pristine: ReadonlyMap<string, PristineFile>;
  /** What of the records was edited or lost since we wrote them. */
  readonly damage: readonly Problem[];
}

/** Reads our own records; the user's files are read when their paths are known (`readCurrent`). */
export function readWorkspace(files: Files, root: string): Workspace {
  const text = files.read(inside(root, STATE));
  const none = { root, state: undefined, stateText: text, pristine: new Map() };
  // Without a spec there is no stack yet, so nothing can be lost.
  const begun = files.kind(inside(root, SPEC_FILE)) !== undefined;
  if (text === undefined) return { ...none, damage: begun ? [lost(STATE, 'It is not there.')] : [] };
  const state = parseState(text);
  if (!state.ok) return { ...none, damage: state.problems };
  return { ...none, state: state.value, ...readPristine(files, root, state.value) };
}

function lost(path: string, message: string): Problem {
  return problem(
    'records/damaged',
    path,
    message,
    'Restore it from version control, or rebuild it: create-redis-stack update --adopt.',
  );
}

/** A text in `base/` counts only while it is the one that state.json speaks of. */
function readPristine(files: Files, root: string, state: State): Pick<Workspace, 'pristine' | 'damage'> {
  const pristine = new Map<string, PristineFile>();
  const damage: Problem[] = [];
  for (const [path, { mode, ownership, digest: recorded }] of Object.entries(state.files)) {
    const text =
      ownership === 'seed'
        ? seedText(files, inside(root, path), recorded)
        : files.read(inside(root, `${BASE}/${path}`));
    if (text === undefined) damage.push(lost(`${BASE}/${path}`, 'It is not there.'));
    else if (ownership === 'managed' && digest(text) !== recorded)
      damage.push(lost(`${BASE}/${path}`, 'It was edited; it is what your edits are told by.'));
    else pristine.set(path, { path, text, mode, ownership });
  }
  return { pristine, damage };
}

/** A seed that nobody has edited is still ours; any other is the user's, and then nothing of it is. */
function seedText(files: Files, path: string, recorded: string): string {
  const text = files.kind(path) === 'file' ? (files.read(path) ?? '') : '';
  return digest(text) === recorded ? text : '';
}

/** What stands on disk at each of these paths, where something does. */
export function readCurrent(
  files: Files,
  root: string,
  paths: Iterable<string>,
): ReadonlyMap<string, CurrentFile> {
  const links = new LinkedFolders(files, root);
  const found = new Map<string, CurrentFile>();
  for (const path of paths) {
    const file = readOne(files, inside(root, path), links.holds(path));
    if (file) found.set(path, file);
  }
  return found;
}

function readOne(files: Files, path: string, behindLink: boolean): CurrentFile | undefined {
  const kind = files.kind(path);
  if (kind === undefined) return undefined;
  const mode = files.mode(path) ?? 0o644;
  if (kind === 'directory' || kind === 'other') return { text: '', mode, guard: 'not-a-file' };
  const text = files.read(path) ?? '';
  if (behindLink) return { text, mode, guard: 'linked-folder' };
  const guard = kind === 'symlink' ? 'link' : guardOf(text, mode);
  return guard ? { text, mode, guard } : { text, mode };
}

function guardOf(text: string, mode: number): Guard | undefined {
  // What is not UTF-8 reads as replacement characters, and would be written back as them.
  if (text.includes('\uFFFD')) return 'not-text';
  return (mode & 0o222) === 0 ? 'read-only' : undefined;
}

/** Which paths of a stack lie behind a link to another folder: writing there would change what is not the stack's. */
export class LinkedFolders {
  readonly #files: Files;
  readonly #root: string;
  readonly #known = new Map<string, boolean>([['.', false]]);

  constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  holds(path: string): boolean {
    return this.#isLinked(dirname(path));
  }

  #isLinked(folder: string): boolean {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const linked =
      this.#isLinked(dirname(folder)) || this.#files.kind(inside(this.#root, folder)) === 'symlink';
    this.#known.set(folder, linked);
    return linked;
  }
}
