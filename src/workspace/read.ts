import { digest } from '../digest.ts';
import type { PristineFile } from '../plan/types.ts';
import { accept, type Result } from '../problem.ts';
import type { Files } from '../system.ts';
import { BASE, inside, STATE } from './paths.ts';
import { parseState, type State } from './state.ts';

/** The user's folder as we find it. */
export interface Workspace {
  readonly root: string;
  readonly state: State | undefined;
  readonly pristine: ReadonlyMap<string, PristineFile>;
}

/** Reads our own records; the user's files are read when their paths are known (`readCurrent`). */
export function readWorkspace(files: Files, root: string): Result<Workspace> {
  const text = files.read(inside(root, STATE));
  if (text === undefined) return accept({ root, state: undefined, pristine: new Map() });
  const state = parseState(text);
  if (!state.ok) return state;
  return accept({ root, state: state.value, pristine: readPristine(files, root, state.value) });
}

/** A text in `base/` counts only while it is the one that state.json speaks of. */
function readPristine(files: Files, root: string, state: State): ReadonlyMap<string, PristineFile> {
  const found = new Map<string, PristineFile>();
  for (const [path, { mode, ownership, digest: recorded }] of Object.entries(state.files)) {
    const text = ownership === 'seed' ? '' : files.read(inside(root, `${BASE}/${path}`));
    if (text !== undefined && (ownership === 'seed' || digest(text) === recorded)) {
      found.set(path, { path, text, mode, ownership });
    }
  }
  return found;
}

/** The text on disk of each of these paths, where there is one. */
export function readCurrent(
  files: Files,
  root: string,
  paths: Iterable<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const text = files.kind(inside(root, path)) === 'file' ? files.read(inside(root, path)) : undefined;
    if (text !== undefined) found.set(path, text);
  }
  return found;
}
