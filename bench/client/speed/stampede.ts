import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ground } from '../servers.ts';

const processes = 4;
const callers = 1000 / processes;
const rounds = 5;

interface Told {
  readonly loads: number;
  readonly answered: number;
}

const heard = async (child: ChildProcess) => (await once(child, 'message'))[0];

/** A thousand callers in four processes on one cold key: the loader is called once, or this fails. */
export async function stampede({ place }: Ground): Promise<boolean> {
  const file = fileURLToPath(new URL('./caller.mjs', import.meta.url));
  const children = Array.from({ length: processes }, () =>
    fork(file, [String(place.ports[0]), String(callers)]),
  );
  try {
    await Promise.all(children.map(heard));
    const loads: number[] = [];
    for (let round = 0; round < rounds; round++) loads.push(await rush(children, `cold ${round}`));
    const isOne = loads.every((count) => count === 1);
    console.log(
      `stampede, ${processes * callers} callers in ${processes} processes, ${rounds} cold keys in turn`,
    );
    console.log(`  loader calls ${loads.join(', ')}   must be 1: ${isOne ? 'met' : 'NOT MET'}`);
    return isOne;
  } finally {
    for (const child of children) child.disconnect();
    await Promise.all(children.map((child) => once(child, 'exit')));
  }
}

/** Gives how often the loader was called by all of them together. */
async function rush(children: readonly ChildProcess[], key: string): Promise<number> {
  const told = Promise.all(children.map(heard)) as Promise<Told[]>;
  for (const child of children) child.send(key);
  const all = await told;
  if (all.some(({ answered }) => answered !== callers)) throw new Error('Not every caller got the value.');
  return all.reduce((sum, { loads }) => sum + loads, 0);
}
