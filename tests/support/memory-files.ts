import { dirname } from 'node:path';
import type { EntryKind, Files } from '../../src/system.ts';

interface Entry {
  readonly text: string;
  readonly mode: number;
}

/** What goes wrong, and from which change of the disk on (counted from 1); it happens once. */
export interface Fault {
  readonly at: number;
  /** `full`: the first change that takes space fails, later ones work. `crash`: this change and everything after it fails. */
  readonly kind: 'full' | 'crash';
}

export class Crash extends Error {}

/** The `Files` port over a map, with a disk that fails on request. */
export class MemoryFiles implements Files {
  readonly files = new Map<string, Entry>();
  readonly folders = new Map<string, number>([['/', 0o755]]);
  changes = 0;
  fault: Fault | undefined;
  #crashed = false;

  /** A disk with the same content and no fault, as after a restart of the machine. */
  reboot(): MemoryFiles {
    const next = new MemoryFiles();
    for (const [path, entry] of this.files) next.files.set(path, entry);
    for (const [path, mode] of this.folders) next.folders.set(path, mode);
    return next;
  }

  /** Every file as path -> text. */
  tree(): Record<string, string> {
    return Object.fromEntries([...this.files].map(([path, { text }]) => [path, text]).sort());
  }

  /** Removing takes no space, so a full disk lets it happen and fails the next change that does. */
  #change(takesSpace = true): void {
    this.#look();
    this.changes += 1;
    if (!this.fault || this.changes < this.fault.at) return;
    if (this.fault.kind === 'full' && !takesSpace) return;
    const { kind } = this.fault;
    this.fault = undefined;
    if (kind === 'crash') {
      this.#crashed = true;
      throw new Crash('the process is gone');
    }
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  #look(): void {
    if (this.#crashed) throw new Crash('the process is gone');
  }

  #addFolder(path: string): void {
    if (this.folders.has(path)) return;
    this.#addFolder(dirname(path));
    this.folders.set(path, 0o755);
  }

  read(path: string): string | undefined {
    this.#look();
    return this.files.get(path)?.text;
  }

  write(path: string, text: string, mode: number): void {
    this.#change();
    this.#addFolder(dirname(path));
    this.files.set(path, { text, mode });
  }

  overwrite(path: string, text: string): void {
    const entry = this.files.get(path);
    if (!entry) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    this.write(path, text, entry.mode);
  }

  createExclusive(path: string, text: string): boolean {
    this.#look();
    if (this.files.has(path)) return false;
    this.write(path, text, 0o600);
    return true;
  }

  makeDirectory(path: string, mode?: number): void {
    this.#change();
    this.#addFolder(path);
    if (mode !== undefined) this.folders.set(path, mode);
  }

  move(from: string, to: string): void {
    this.#change();
    this.#addFolder(dirname(to));
    for (const [path, entry] of [...this.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.files.delete(path);
      this.files.set(to + path.slice(from.length), entry);
    }
    for (const [path, mode] of [...this.folders]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.folders.delete(path);
      this.folders.set(to + path.slice(from.length), mode);
    }
  }

  remove(path: string): void {
    this.#change(false);
    for (const map of [this.files, this.folders]) {
      for (const key of [...map.keys()]) if (key === path || key.startsWith(`${path}/`)) map.delete(key);
    }
  }

  removeEmpty(path: string): void {
    this.#change(false);
    if ((this.list(path) ?? ['?']).length === 0) this.folders.delete(path);
  }

  list(path: string): readonly string[] | undefined {
    this.#look();
    if (!this.folders.has(path)) return undefined;
    const all = [...this.files.keys(), ...this.folders.keys()].filter(
      (key) => key !== path && dirname(key) === path,
    );
    return all.map((key) => key.slice(path.length + 1)).sort();
  }

  kind(path: string): EntryKind | undefined {
    this.#look();
    if (this.files.has(path)) return 'file';
    return this.folders.has(path) ? 'directory' : undefined;
  }

  mode(path: string): number | undefined {
    this.#look();
    return this.files.get(path)?.mode ?? this.folders.get(path);
  }

  flush(): void {
    this.#look();
  }
}
