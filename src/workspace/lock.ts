import { ProblemError, problem } from '../problem.ts';
import type { Files } from '../system.ts';
import { inside, LOCK } from './paths.ts';

/** Keeps two runs apart. Gives the function that releases the lock; a lock whose process is gone is taken over. */
export function takeLock(files: Files, root: string): () => void {
  const path = inside(root, LOCK);
  const mine = `${process.pid}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (files.createExclusive(path, mine)) return () => files.remove(path);
    const owner = Number.parseInt(files.read(path) ?? '', 10);
    if (isAlive(owner)) throw new ProblemError(busy(root, owner));
    files.remove(path);
  }
  throw new ProblemError(busy(root, 0));
}

/** True where a run was killed while it held the lock. */
export function hasStaleLock(files: Files, root: string): boolean {
  const owner = files.read(inside(root, LOCK));
  return owner !== undefined && !isAlive(Number.parseInt(owner, 10));
}

/** True while a process of this number runs on this machine. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function busy(root: string, owner: number) {
  return problem(
    'disk/locked',
    root,
    `Another run${owner ? ` (process ${owner})` : ''} is working on this stack.`,
    'Wait for it to end and run this again.',
  );
}
