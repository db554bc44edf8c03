import { digest } from '../digest.ts';
import type { PristineFile } from '../plan/types.ts';
import type { Files } from '../system.ts';
import type { RenderedFile } from '../targets/types.ts';
import { BASE, inside } from './paths.ts';
import type { Workspace } from './read.ts';

export interface Adoption {
  readonly workspace: Workspace;
  /** What the spec that was applied last gives with this release of the tool, where that spec is known. */
  readonly renderedThen: readonly RenderedFile[];
  /** What the present spec gives. */
  readonly next: readonly RenderedFile[];
}

/**
 * Our last text of each file where the records were edited or lost, from the surest source there is: a text in `base/`
 * that its digest confirms; what the last spec gives, where the digest confirms that; a text in `base/` without a
 * digest; else what we would write now, so that whatever differs from it counts as the user's edit.
 */
export function adoptPristine(
  files: Files,
  root: string,
  adoption: Adoption,
): ReadonlyMap<string, PristineFile> {
  const { workspace, next } = adoption;
  const found = new Map(workspace.pristine);
  const paths = [...next.map((file) => file.path), ...Object.keys(workspace.state?.files ?? {})];
  for (const path of new Set(paths)) {
    // What is not there may be new or deleted: nobody knows any more, and a file too many is easily deleted again.
    const lost = !found.has(path) && files.kind(inside(root, path)) !== undefined;
    const file = lost ? lastText(files, root, path, adoption) : undefined;
    if (file) found.set(path, file);
  }
  return found;
}

function lastText(
  files: Files,
  root: string,
  path: string,
  { workspace, renderedThen, next }: Adoption,
): PristineFile | undefined {
  const known = workspace.state?.files[path];
  const rebuilt = renderedThen.find((file) => file.path === path);
  const wanted = next.find((file) => file.path === path) ?? rebuilt;
  const proven = rebuilt && known && digest(rebuilt.text) === known.digest ? rebuilt.text : undefined;
  const stored = known ? undefined : files.read(inside(root, `${BASE}/${path}`));
  const text = proven ?? stored ?? wanted?.text;
  const record = known ?? wanted;
  if (text === undefined || !record) return undefined;
  const { mode, ownership } = record;
  return { path, text: ownership === 'seed' ? '' : text, mode, ownership };
}
