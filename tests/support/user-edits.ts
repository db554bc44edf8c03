import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a user does to one file of a stack; one of the verbs below `file`. */
export interface UserEdit {
  readonly file: string;
  /** A text that must be there, and what takes its place. */
  readonly find?: string;
  readonly put?: string;
  readonly append?: string;
  /** The whole file, new or not. */
  readonly text?: string;
  readonly base64?: string;
  readonly delete?: boolean;
  readonly mode?: string;
  /** The file moves there, and a link to it takes its place. */
  readonly moveTo?: string;
  readonly windows?: boolean;
}

/** Does to the stack in `root` what a user did. */
export function applyEdit(root: string, edit: UserEdit): void {
  const path = join(root, edit.file);
  if (edit.delete) rmSync(path, { recursive: true });
  if (edit.find !== undefined) replace(path, edit.find, edit.put ?? '');
  if (edit.append !== undefined) writeFileSync(path, readFileSync(path, 'utf8') + edit.append);
  if (edit.text !== undefined || edit.base64 !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, edit.text ?? Buffer.from(edit.base64 ?? '', 'base64'));
  }
  if (edit.windows) writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
  if (edit.moveTo !== undefined) {
    renameSync(path, join(root, edit.moveTo));
    symlinkSync(join(root, edit.moveTo), path);
  }
  if (edit.mode !== undefined) chmodSync(path, Number.parseInt(edit.mode, 8));
}

function replace(path: string, find: string, put: string): void {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(find)) throw new Error(`${path} does not hold ${JSON.stringify(find)}`);
  writeFileSync(
    path,
    text.replace(find, () => put),
  );
}

/** The lines that these edits brought into a file. */
export function linesOf(edits: readonly UserEdit[], file: string): readonly string[] {
  return edits
    .filter((edit) => edit.file === file)
    .flatMap((edit) => `${edit.put ?? ''}\n${edit.append ?? ''}\n${edit.text ?? ''}`.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
