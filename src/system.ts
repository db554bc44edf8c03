import * as fs from 'node:fs';
import { dirname } from 'node:path';

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other';

/** The port for files. Paths are absolute. Errors other than 'not there' are thrown as the system gives them. */
export interface Files {
  /** The text, or undefined when nothing is there. */
  read(path: string): string | undefined;
  /** Writes a whole file with these permission bits, whatever the umask; parents are made. */
  write(path: string, text: string, mode: number): void;
  /** False when the path exists already. */
  createExclusive(path: string, text: string): boolean;
  makeDirectory(path: string, mode?: number): void;
  /** Moves a file over whatever is there; parents of the target are made. */
  move(from: string, to: string): void;
  /** Removes a file or a whole folder; nothing there is fine. */
  remove(path: string): void;
  /** Removes a folder when it is empty. */
  removeEmpty(path: string): void;
  /** The names in a folder, sorted, or undefined when nothing is there. */
  list(path: string): readonly string[] | undefined;
  /** What is there, without following a link. */
  kind(path: string): EntryKind | undefined;
  mode(path: string): number | undefined;
  /** Forces a file to the disk. */
  flush(path: string): void;
}

function missing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function orUndefined<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

function kindOf(stat: fs.Stats): EntryKind {
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isDirectory()) return 'directory';
  return stat.isFile() ? 'file' : 'other';
}

/** Folders that this process has seen or made: most files share a few. */
const knownFolders = new Set<string>();

function writeWhole(path: string, text: string, mode: number): void {
  const folder = dirname(path);
  if (!knownFolders.has(folder)) fs.mkdirSync(folder, { recursive: true });
  knownFolders.add(folder);
  fs.writeFileSync(path, text, { mode });
  // The umask may have taken bits away, and a file that was there keeps its own.
  if ((fs.statSync(path).mode & 0o777) !== mode) fs.chmodSync(path, mode);
}

export const realFiles: Files = {
  read: (path) => orUndefined(() => fs.readFileSync(path, 'utf8')),
  write(path, text, mode) {
    try {
      writeWhole(path, text, mode);
    } catch (error) {
      if (!missing(error)) throw error;
      knownFolders.clear();
      writeWhole(path, text, mode);
    }
  },
  createExclusive(path, text) {
    try {
      fs.writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  },
  makeDirectory(path, mode) {
    fs.mkdirSync(path, { recursive: true });
    if (mode !== undefined) fs.chmodSync(path, mode);
  },
  move(from, to) {
    fs.mkdirSync(dirname(to), { recursive: true });
    fs.renameSync(from, to);
  },
  remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
  removeEmpty(path) {
    try {
      fs.rmdirSync(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (!missing(error) && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  },
  list: (path) => orUndefined(() => fs.readdirSync(path).sort()),
  kind: (path) => orUndefined(() => kindOf(fs.lstatSync(path))),
  mode: (path) => orUndefined(() => fs.statSync(path).mode & 0o777),
  flush(path) {
    const handle = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  },
};

/** Writes to a descriptor at once; what a full pipe does not take goes through the stream. */
export function printTo(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    (descriptor === 1 ? process.stdout : process.stderr).write(bytes.subarray(done));
  }
}

/** Everything else that a command takes from the world. */
export interface System {
  readonly files: Files;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interactive: boolean;
  readonly randomBytes: (count: number) => Buffer;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
