import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { accept, type Problem, ProblemError, problem, type Result } from '../problem.ts';
import type { Files } from '../system.ts';
import { MANIFEST_NAME, type Manifest, parseManifest, type ShardFile } from './manifest.ts';

/** A backup that has its manifest; whether its files are there and as they were is another question. */
export interface BackupSet {
  /** Stack and time, such as `shop-20260102T030405Z`. */
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** One line of `backup --list`. */
export interface ListedSet {
  readonly name: string;
  readonly time: string;
  readonly keys: number;
  readonly bytes: number;
  readonly shards: number;
  /** Why it cannot be restored; empty where every file is there with its size. */
  readonly missing: readonly string[];
}

/** The names of the sets of a stack, newest first: those files whose names say so. */
export function setNames(files: Files, folder: string, stack: string): readonly string[] {
  return (files.list(folder) ?? [])
    .filter((name) => MANIFEST_NAME.exec(name)?.[1] === stack)
    .map((name) => name.replace(/\.json$/, ''))
    .sort()
    .reverse();
}

export function listSets(files: Files, folder: string, stack: string): readonly ListedSet[] {
  return setNames(files, folder, stack).map((name) => {
    const read = readSet(files, join(folder, `${name}.json`));
    if (!read.ok)
      return { name, time: '', keys: 0, bytes: 0, shards: 0, missing: read.problems.map((p) => p.message) };
    const { time, shards } = read.value.manifest;
    return {
      name,
      time,
      keys: sum(shards, 'keys'),
      bytes: sum(shards, 'bytes'),
      shards: shards.length,
      missing: shards.flatMap((shard) => sizeProblem(read.value, shard) ?? []).map((p) => p.message),
    };
  });
}

const sum = (shards: readonly ShardFile[], key: 'keys' | 'bytes') =>
  shards.reduce((total, shard) => total + shard[key], 0);

/** All keys of a set. */
export const keysOf = ({ manifest }: BackupSet): number => sum(manifest.shards, 'keys');

function readSet(files: Files, path: string): Result<BackupSet> {
  const parsed = parseManifest(files.read(path) ?? '', basename(path));
  if (!parsed.ok) return parsed;
  return accept({
    name: basename(path, '.json'),
    folder: dirname(path),
    manifest: parsed.value,
  });
}

export interface Wanted {
  readonly files: Files;
  readonly cwd: string;
  readonly folder: string;
  readonly stack: string;
  /** `newest`, the name of a set or its time, or the path of a manifest. */
  readonly from: string;
}

/** The set that is meant. Throws the problem where there is none. */
export function chooseSet({ files, cwd, folder, stack, from }: Wanted): BackupSet {
  const names = setNames(files, folder, stack);
  const named =
    from === 'newest' ? names[0] : names.find((name) => name === from || name === `${stack}-${from}`);
  const path = named === undefined ? resolve(cwd, from) : join(folder, `${named}.json`);
  if (files.kind(path) !== 'file') throw new ProblemError(noSuchSet(folder, from));
  const read = readSet(files, path);
  if (read.ok) return read.value;
  throw new ProblemError(...read.problems);
}

function noSuchSet(folder: string, from: string): Problem {
  return from === 'newest'
    ? problem(
        'backup/none',
        folder,
        'There is no backup of this stack.',
        'Make one: create-redis-stack backup.',
      )
    : problem(
        'backup/no-such-set',
        from,
        'There is no such set, and no such file.',
        'Name one that `create-redis-stack backup --list` shows, or the .json file of a set.',
      );
}

/** Reads every file of a set and says what is wrong; empty for a set that is as it was made. */
export async function verifySet(set: BackupSet): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const shard of set.manifest.shards) {
    const wrong = sizeProblem(set, shard) ?? (await digestProblem(set, shard));
    if (wrong) problems.push(wrong);
  }
  return problems;
}

function sizeProblem({ folder, name }: BackupSet, { file, bytes }: ShardFile): Problem | undefined {
  const size = statSync(join(folder, file), { throwIfNoEntry: false })?.size;
  if (size === bytes) return undefined;
  const said =
    size === undefined
      ? `${file} is missing.`
      : `${file} has ${size} bytes and had ${bytes}: it was cut short, or is another file.`;
  return unusable(size === undefined ? 'backup/file-missing' : 'backup/file-cut', name, said);
}

async function digestProblem({ folder, name }: BackupSet, { file, sha256 }: ShardFile) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(join(folder, file))) hash.update(chunk as Buffer);
  if (hash.digest('hex') === sha256) return undefined;
  return unusable('backup/file-changed', name, `${file} is not what was written: its digest is another one.`);
}

function unusable(code: string, at: string, message: string): Problem {
  return problem(code, at, message, 'Bring that file back from where it was copied to, or take another set.');
}
