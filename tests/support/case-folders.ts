import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of one kind of cases. */
export function caseRoot(kind: string): string {
  return fileURLToPath(new URL(`../${kind}/`, import.meta.url));
}

/** The names of the cases of a kind: a new case is a new folder. */
export function caseNames(kind: string): readonly string[] {
  const root = caseRoot(kind);
  return readdirSync(root)
    .filter((name) => statSync(join(root, name)).isDirectory())
    .sort();
}

/** Every file below a folder as path -> text, paths with forward slashes. */
export function readTree(root: string, prefix = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(root, prefix)).sort()) {
    const path = prefix ? `${prefix}/${name}` : name;
    if (statSync(join(root, path)).isDirectory()) Object.assign(tree, readTree(root, path));
    else tree[path] = readFileSync(join(root, path), 'utf8');
  }
  return tree;
}
