import { inside } from '../../workspace/paths.ts';
import { BESIDE } from './compose-files.ts';
import { onNode, type Work } from './compose-work.ts';

/** Tells data of nodes that this migration has begun from what lay in their volumes before; goes with its folder. */
const ID = `${BESIDE}/id`;

/**
 * A volume cannot be given another name, so what an earlier node has left moves into a folder of it: earlier/1 and so on.
 * One that was begun and cut off is gone on with. What comes then is marked as of this migration.
 */
const PUT_ASIDE = `
set -eu
cd /data
if [ -e earlier/begun ] || [ -n "$(find . -mindepth 1 -maxdepth 1 ! -name earlier ! -name .begun-by | head -n 1)" ]; then
  mkdir -p earlier/begun
  find . -mindepth 1 -maxdepth 1 ! -name earlier -exec mv {} earlier/begun/ ';'
  n=1
  while [ -e "earlier/$n" ]; do n=$((n + 1)); done
  mv earlier/begun "earlier/$n"
fi
printf '%s' "$1" >.begun-by
`;

/** Deletes what is of this migration, the mark last, and says whether anything else is there. */
const EMPTY = `
set -eu
cd /data
if [ -e .begun-by ] && [ "$(cat .begun-by)" = "$1" ]; then
  find . -mindepth 1 -maxdepth 1 ! -name earlier ! -name .begun-by -exec rm -rf {} +
  rm -f .begun-by
fi
if [ -n "$(find . -mindepth 1 -maxdepth 1 | head -n 1)" ]; then echo kept; else echo empty; fi
`;

/** Moves what an earlier node of this name has left out of the way; nothing is deleted. Of a node that does not run. */
export async function putAside(work: Work, name: string): Promise<void> {
  await inVolume(work, name, PUT_ASIDE);
}

/** Removes what a node has written that began with `putAside`, and its volume where nothing else is in it. */
export async function dropVolume(work: Work, name: string): Promise<void> {
  const said = await inVolume(work, name, EMPTY);
  if (!said.includes('kept')) await onNode(work, name, ['down', '--volumes', '--remove-orphans=false']);
}

function inVolume(work: Work, name: string, script: string): Promise<string> {
  const how = ['run', '--rm', '--no-deps', '--no-TTY', '--entrypoint', 'sh'];
  return onNode(work, name, [...how, name, '-c', script, 'sh', idOf(work)]);
}

function idOf({ project: { system, root } }: Work): string {
  const path = inside(root, ID);
  const present = system.files.read(path);
  if (present !== undefined) return present;
  const id = system.randomBytes(8).toString('hex');
  system.files.write(path, id, 0o600);
  return id;
}
