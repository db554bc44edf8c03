import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { removeChains } from './network.ts';
import { chainsOf } from './proxy.ts';
import { MEMORY } from './volumes.ts';

/** Where namespaces have files: claims in the one, all else in the other. */
const FOLDERS = [MEMORY, tmpdir()];

/** Takes away whatever of a namespace is there: containers, volumes, the network, rules, files. */
export async function remove(engine: Engine, id: string): Promise<void> {
  const filter = ['--quiet', '--filter', `label=pods-harness=${id}`];
  const each = async (list: readonly string[], word: readonly string[]) => {
    const { out } = await engine.ask(list);
    if (out.trim() !== '') await engine.ask([...word, ...out.trim().split('\n')]);
  };
  await each(['ps', '--all', ...filter], ['rm', '--force', '--volumes']);
  await each(['volume', 'ls', ...filter], ['volume', 'rm', '--force']);
  await removeChains(engine, chainsOf(id.toUpperCase()));
  await each(['network', 'ls', ...filter], ['network', 'rm']);
  for (const folder of FOLDERS.filter(existsSync))
    for (const name of readdirSync(folder).filter((one) => one.startsWith(`${id}-`)))
      rmSync(join(folder, name), { recursive: true, force: true });
}

/** Takes away what runs left behind that were killed outright: the number in the name is that of their process. */
export async function sweep(engine: Engine, prefix: string): Promise<void> {
  const { out } = await engine.ask([
    'network',
    'ls',
    '--format',
    '{{.Name}}',
    '--filter',
    'label=pods-harness',
  ]);
  for (const id of out.split('\n').filter((name) => name.startsWith(prefix))) {
    const pid = Number(/^\D+(\d+)/.exec(id)?.[1]);
    if (!isAlive(pid)) await remove(engine, id);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
