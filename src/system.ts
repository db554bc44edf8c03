import * as fs from 'node:fs';
import { dirname } from 'node:path';

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other';

/** The port for files. Paths are absolute. Errors other than 'not there' are thrown as the system gives them. */
export interface Files {
  /** The text, or undefined when nothing is there. */
  read(path: string): string | undefined;
  /** Writes a whole file with these permission bits, whatever the umask; parents are made. */
  write(path: string, text: string, mode: number): void;
  /**
   * Changes a file where it stands, so that whoever has it open or mounted sees the new text. It is written in one go and
   * cut to its length afterwards: a reader finds the old text or the new one, and never an empty file.
   */
  overwrite(path: string, text: string): void;
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

/** Without an exception where nothing is there: most questions about a new stack end that way, and each would cost. */
function stat(path: string): fs.Stats | undefined {
  return orUndefined(() => fs.lstatSync(path, { throwIfNoEntry: false }));
}

function kindOf(stat: fs.Stats): EntryKind {
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isDirectory()) return 'directory';
  return stat.isFile() ? 'file' : 'other';
}

/** Folders that this process has seen or made: most files share a few. */
const knownFolders = new Set<string>();

function open(path: string, flag: 'w' | 'wx', mode: number): number {
  const folder = dirname(path);
  if (!knownFolders.has(folder)) fs.mkdirSync(folder, { recursive: true });
  knownFolders.add(folder);
  try {
    return fs.openSync(path, flag, mode);
  } catch (error) {
    if (!missing(error)) throw error;
    // Somebody removed the folder meanwhile.
    knownFolders.clear();
    fs.mkdirSync(folder, { recursive: true });
    return fs.openSync(path, flag, mode);
  }
}

/** A file that was there keeps its own mode when it is opened, and the umask takes bits from a new one. */
function openWithMode(path: string, mode: number): number {
  try {
    const handle = open(path, 'wx', mode);
    if ((mode & process.umask()) !== 0) fs.fchmodSync(handle, mode);
    return handle;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const handle = open(path, 'w', mode);
    fs.fchmodSync(handle, mode);
    return handle;
  }
}

/** One call where the disk takes all of it, which is nearly always. */
function writeAll(handle: number, text: string): void {
  const written = fs.writeSync(handle, text);
  if (written === Buffer.byteLength(text)) return;
  const bytes = Buffer.from(text);
  for (let done = written; done < bytes.length; ) done += fs.writeSync(handle, bytes, done);
}

export const realFiles: Files = {
  read: (path) => (stat(path) ? orUndefined(() => fs.readFileSync(path, 'utf8')) : undefined),
  write(path, text, mode) {
    const handle = openWithMode(path, mode);
    try {
      writeAll(handle, text);
    } finally {
      fs.closeSync(handle);
    }
  },
  overwrite(path, text) {
    const bytes = Buffer.from(text);
    const handle = fs.openSync(path, 'r+');
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(handle, bytes, done, null, done);
      fs.ftruncateSync(handle, bytes.length);
    } finally {
      fs.closeSync(handle);
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
  kind(path) {
    const found = stat(path);
    return found && kindOf(found);
  },
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

/** Bytes from the kernel's own source; asking it directly spares the start-up cost of the crypto module. */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  try {
    const source = fs.openSync('/dev/urandom', 'r');
    try {
      for (let done = 0; done < count; ) done += fs.readSync(source, bytes, done, count - done, null);
    } finally {
      fs.closeSync(source);
    }
    return bytes;
  } catch {
    return process.getBuiltinModule('node:crypto').randomBytes(count);
  }
}

/** Writes to a descriptor at once; what a full pipe does not take goes through the stream. */
export function printTo(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever reads has seen enough, as in `… | head`.
    if (code === 'EPIPE') return;
    if (code !== 'EAGAIN') throw error;
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
