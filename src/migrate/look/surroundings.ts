import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Surroundings } from './types.ts';

/** What this machine has to give: memory that a process may still take, and bytes free where `folder` is or will be. */
export function freeHere(folder: string): Pick<Surroundings, 'freeMemoryBytes' | 'freeDiskBytes'> {
  return { freeMemoryBytes: process.availableMemory(), freeDiskBytes: freeDisk(folder) };
}

function freeDisk(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? undefined : freeDisk(parent);
  }
}
