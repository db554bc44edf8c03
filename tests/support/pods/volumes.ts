import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import type { FilesOf } from './env.ts';
import { FilesVolume } from './files-volume.ts';
import type { PodFacts } from './pod-facts.ts';
import type { PodSecurity } from './security-spec.ts';
import type { VolumeSpec } from './volume-spec.ts';

/** What stands behind a volume of a pod, for `docker run --mount`. */
export interface Source {
  readonly type: 'bind' | 'volume';
  readonly source: string;
  readonly readOnly: boolean;
}

/** Claims are folders here where there is one: many pods that write through to one disk only measure that disk. */
export const MEMORY = '/dev/shm';

/** Volumes on this machine: claims, which stay, and those that come and go with a pod. */
export class Volumes {
  readonly #engine: Engine;
  readonly #id: string;
  readonly #folder: string;
  readonly #files: FilesOf;
  readonly #claims: string;
  readonly #condemned = new Set<string>();

  constructor(engine: Engine, id: string, folder: string, files: FilesOf) {
    this.#engine = engine;
    this.#id = id;
    this.#folder = folder;
    this.#files = files;
    this.#claims = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), `${id}-`));
  }

  /** Makes everything that a pod mounts. `claimOf` gives the claim that a volume of the spec stands for. */
  async mount(
    pod: PodFacts,
    volumes: readonly VolumeSpec[],
    security: PodSecurity,
    claimOf: (name: string) => string,
  ): Promise<PodVolumes> {
    const made = new PodVolumes(join(this.#folder, pod.uid));
    for (const volume of volumes) {
      const name = `${this.#id}-${pod.uid}-${volume.name}`;
      if (volume.kind === 'files') {
        const files = new FilesVolume(join(made.folder, volume.name), volume, security.fsGroup);
        made.files.push(files);
        files.write(this.#files, pod);
        made.sources.set(volume.name, { type: 'bind', source: files.folder, readOnly: true });
      } else if (volume.kind === 'empty') {
        await this.#empty(name, volume, security.fsGroup);
        made.docker.push(name);
        made.sources.set(volume.name, { type: 'volume', source: name, readOnly: false });
      } else {
        made.sources.set(volume.name, this.#claim(claimOf(volume.claim), security));
      }
    }
    return made;
  }

  /** Files of ConfigMaps and Secrets as they are now, in pods that run. */
  refresh(pod: PodFacts, volumes: PodVolumes): void {
    for (const files of volumes.files) files.write(this.#files, pod);
  }

  async unmount(volumes: PodVolumes): Promise<void> {
    if (volumes.docker.length > 0) await this.#engine.ask(['volume', 'rm', '--force', ...volumes.docker]);
    rmSync(volumes.folder, { recursive: true, force: true });
  }

  /** The next pod with this claim gets an empty volume, as after `kubectl delete pvc` and the end of the present pod. */
  condemn(claim: string): void {
    this.#condemned.add(claim);
  }

  async #empty(
    name: string,
    { inMemory, sizeBytes }: Extract<VolumeSpec, { kind: 'empty' }>,
    group = 0,
  ): Promise<void> {
    const size = sizeBytes === undefined ? '' : `,size=${sizeBytes}`;
    const memory = [
      '--opt',
      'type=tmpfs',
      '--opt',
      'device=tmpfs',
      '--opt',
      `o=mode=2777,gid=${group}${size}`,
    ];
    const folder = await this.#create(name, inMemory ? memory : []);
    if (inMemory) return;
    chownSync(folder, 0, group);
    chmodSync(folder, 0o2777);
  }

  #claim(claim: string, security: PodSecurity): Source {
    const folder = join(this.#claims, claim);
    if (this.#condemned.delete(claim)) rmSync(folder, { recursive: true, force: true });
    // A volume that was just formatted has this folder of root.
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    mkdirSync(join(folder, 'lost+found'), { recursive: true, mode: 0o700 });
    own(folder, security);
    return { type: 'bind', source: folder, readOnly: false };
  }

  async #create(name: string, options: readonly string[]): Promise<string> {
    const label = ['--label', `pods-harness=${this.#id}`];
    await this.#engine.docker('volume', 'create', ...label, ...options, name);
    return (await this.#engine.docker('volume', 'inspect', '--format', '{{.Mountpoint}}', name)).trim();
  }
}

/** The volumes of one pod. */
export class PodVolumes {
  readonly folder: string;
  readonly sources = new Map<string, Source>();
  readonly files: FilesVolume[] = [];
  /** Volumes of Docker that go with the pod. */
  readonly docker: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }
}

const SETGID = 0o2000;

/** Gives all files of a volume to the group of the pod, as a kubelet does at each start. */
function own(folder: string, { fsGroup, onRootMismatch }: PodSecurity): void {
  if (fsGroup === undefined) return;
  const root = lstatSync(folder);
  if (onRootMismatch && root.gid === fsGroup && (root.mode & (SETGID | 0o770)) === (SETGID | 0o770)) return;
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const path of [...paths.map((name) => join(folder, name)), folder]) {
    const { uid, mode } = lstatSync(path);
    chownSync(path, uid, fsGroup);
    const isFolder = (mode & 0o170000) === 0o040000;
    chmodSync(path, (mode & 0o7777) | (isFolder ? SETGID | 0o770 : 0o660));
  }
}
