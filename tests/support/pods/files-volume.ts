import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FilesOf } from './env.ts';
import { ManifestError } from './fields.ts';
import { fieldOf, type PodFacts } from './pod-facts.ts';
import type { FileSource, VolumeSpec } from './volume-spec.ts';

type Spec = Extract<VolumeSpec, { kind: 'files' }>;

interface File {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** A volume of ConfigMaps, Secrets and fields, laid out as a kubelet does: links into a folder that is replaced whole. */
export class FilesVolume {
  readonly folder: string;
  readonly #spec: Spec;
  readonly #group: number | undefined;
  #version = 0;
  #written = '';

  constructor(folder: string, spec: Spec, group: number | undefined) {
    this.folder = folder;
    this.#spec = spec;
    this.#group = group;
    mkdirSync(folder, { recursive: true });
    this.#own(folder, 0o777, true);
  }

  /** Writes what the objects hold now. Nothing is touched where that is what stands there already. */
  write(filesOf: FilesOf, pod: PodFacts): void {
    const files = this.#spec.sources.flatMap((source) => this.#filesOf(source, filesOf, pod));
    const text = JSON.stringify(
      files.map(({ path, content, mode }) => [path, content.toString('base64'), mode]),
    );
    if (text === this.#written) return;
    this.#written = text;
    this.#replace(files);
  }

  #filesOf(source: FileSource, filesOf: FilesOf, pod: PodFacts): readonly File[] {
    const mode = this.#spec.defaultMode;
    if (source.from === 'fields')
      return source.items.map(({ path, field }) => ({
        path,
        content: Buffer.from(fieldOf(pod, field)),
        mode,
      }));
    const { from, name, optional, items } = source;
    const data = filesOf(from === 'secret' ? 'Secret' : 'ConfigMap', name);
    if (!data && !optional) throw new ManifestError(`pod ${pod.name}`, `there is no ${from} '${name}'`);
    if (!items) return [...(data ?? [])].map(([path, content]) => ({ path, content, mode }));
    return items.flatMap((item) => {
      const content = data?.get(item.key);
      if (!content && !optional)
        throw new ManifestError(`pod ${pod.name}`, `${from} '${name}' has no '${item.key}'`);
      return content ? [{ path: item.path, content, mode: item.mode ?? mode }] : [];
    });
  }

  #replace(files: readonly File[]): void {
    const name = `..version_${++this.#version}`;
    const at = join(this.folder, name);
    mkdirSync(at);
    this.#own(at, 0o755, true);
    for (const { path, content, mode } of files) {
      mkdirSync(dirname(join(at, path)), { recursive: true });
      writeFileSync(join(at, path), content);
      this.#own(join(at, path), mode, false);
    }
    for (const folder of readdirSync(at, { recursive: true, withFileTypes: true, encoding: 'utf8' }))
      if (folder.isDirectory()) this.#own(join(folder.parentPath, folder.name), 0o755, true);
    symlinkSync(name, join(this.folder, '..data_tmp'));
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
    for (const entry of readdirSync(at))
      if (!existsSync(join(this.folder, entry))) symlinkSync(`..data/${entry}`, join(this.folder, entry));
    this.#tidy(name, new Set(readdirSync(at)));
  }

  #tidy(present: string, entries: ReadonlySet<string>): void {
    for (const entry of readdirSync(this.folder)) {
      const isOld = entry.startsWith('..version_')
        ? entry !== present
        : entry !== '..data' && !entries.has(entry);
      if (isOld) rmSync(join(this.folder, entry), { recursive: true, force: true });
    }
  }

  /** Root's, and readable to the group of the pod where it has one. */
  #own(path: string, mode: number, isFolder: boolean): void {
    const shared = this.#group === undefined ? 0 : isFolder ? 0o2550 : 0o440;
    chownSync(path, 0, this.#group ?? 0);
    chmodSync(path, mode | shared);
  }
}
