import { makeSet, setsFolder } from '../backup/make.ts';
import { prepareBackups } from '../backup/prepare.ts';
import { chooseSet, keysOf, type ListedSet, listSets } from '../backup/sets.ts';
import { colors } from '../colors.ts';
import { findRunning, notRunning } from '../local/running.ts';
import { humanBytes } from '../model/bytes.ts';
import { ProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { type OpenStack, openStack } from './stack.ts';
import { alignedTable } from './table.ts';

export interface BackupArguments {
  readonly dir: string;
  readonly to: string | undefined;
  readonly list: boolean;
  readonly json: boolean;
}

/** Makes a backup of the running stack, or shows those that are there. Exit code 1 where one of them is not whole. */
export async function backup(system: System, args: BackupArguments): Promise<number> {
  const stack = openStack(system, args.dir);
  const folder = setsFolder(stack.root, system.cwd, args.to);
  return args.list ? list(system, args, stack, folder) : make(system, args, stack, folder);
}

async function make(
  system: System,
  args: BackupArguments,
  { root, model }: OpenStack,
  folder: string,
): Promise<number> {
  const running = await findRunning(system, root, model);
  if (!running) throw new ProblemError(notRunning(args.dir));
  if (args.to === undefined) prepareBackups(system.files, root, model);
  else if (system.files.kind(folder) === undefined) system.files.makeDirectory(folder, 0o700);
  const { name, said } = await withProgress(system, args.json, (show) => {
    show('copying from the replicas');
    return makeSet({ system, root, model, running, folder });
  });
  const set = chooseSet({ files: system.files, cwd: system.cwd, folder, stack: model.spec.name, from: name });
  if (args.json)
    system.out(`${JSON.stringify({ set: name, folder, said, manifest: set.manifest }, null, 2)}\n`);
  else {
    const rows = set.manifest.shards.map(({ file, keys, bytes, source, role }) => [
      `  ${file}`,
      keys,
      humanBytes(bytes),
      `${role} ${source}`,
    ]);
    system.out(
      [
        ...said.map((line) => colors.dim(line)),
        `${colors.green('Wrote')} ${colors.bold(name)} into ${folder}: ${keysOf(set).toLocaleString('en')} keys.`,
        alignedTable([['  file', 'keys', 'size', 'from'], ...rows]),
        '',
      ].join('\n'),
    );
  }
  return 0;
}

function list(system: System, { json }: BackupArguments, { model }: OpenStack, folder: string): number {
  const sets = listSets(system.files, folder, model.spec.name);
  if (json) system.out(`${JSON.stringify({ folder, sets }, null, 2)}\n`);
  else if (sets.length === 0) system.out(`There is no backup of ${model.spec.name} in ${folder}.\n`);
  else system.out(`${table(sets)}\n`);
  return sets.every((set) => set.missing.length === 0) ? 0 : 1;
}

function table(sets: readonly ListedSet[]): string {
  const rows = sets.map(({ name, time, keys, bytes, shards, missing }) => [
    name,
    time === '' ? '' : age(Date.now() - Date.parse(time)),
    keys,
    humanBytes(bytes),
    shards,
    missing.length === 0 ? colors.green('whole') : colors.red(`not whole: ${missing.join(' ')}`),
  ]);
  return alignedTable([['set', 'age', 'keys', 'size', 'files', ''], ...rows]);
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${Math.max(0, minutes)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
