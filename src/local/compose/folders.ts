import { realpathSync } from 'node:fs';
import type { Container } from './project.ts';

/** True for a container that was started from this folder, by whatever path. Compose tells the folder since 2.22. */
export function belongsHere({ folder }: Container, root: string): boolean {
  return folder === undefined || real(folder) === real(root);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
