import type { Pair } from '../../certificates/inspect.ts';
import { covers, isIssuedBy, isPair, readCertificate } from '../../certificates/inspect.ts';
import { certificateNames } from '../../certificates/names.ts';
import type { StackNode } from '../../model/types.ts';
import type { Files } from '../../system.ts';
import { CA_CERTIFICATE, inside, pairPaths } from '../../workspace/paths.ts';

/** A container's user must be able to read them; the folder that they lie in is closed to everybody else. */
const READABLE = 0o644;
const STAGED = '.new';

/**
 * Replaces the pair of a node in its own two files, for a container has mounted those and no others. Both texts are on
 * disk beside them first: after a crash half way `finishRenewal` writes the rest, so the two never stay unfit for each other.
 */
export function writePair(files: Files, root: string, node: string, pair: Pair): void {
  const { certificate, key } = pathsIn(root, node);
  for (const [path, text] of [
    [key, pair.key],
    [certificate, pair.certificate],
  ] as const) {
    files.write(path + STAGED, text, READABLE);
    files.flush(path + STAGED);
  }
  putInPlace(files, root, node, pair);
}

/** Completes what a renewal that was killed had begun to write. Gives the nodes whose pair it wrote. */
export function finishRenewal(files: Files, root: string, nodes: readonly StackNode[]): readonly string[] {
  return nodes.filter((node) => finishOne(files, root, node)).map((node) => node.name);
}

function finishOne(files: Files, root: string, node: StackNode): boolean {
  const { certificate, key } = pathsIn(root, node.name);
  const staged = { certificate: files.read(certificate + STAGED) ?? '', key: files.read(key + STAGED) ?? '' };
  if (staged.certificate === '' && staged.key === '') return false;
  // The old pair is untouched until both new texts are complete.
  if (isWhole(files, root, node, staged)) {
    putInPlace(files, root, node.name, staged);
    return true;
  }
  removeStaged(files, root, node.name);
  return false;
}

function isWhole(files: Files, root: string, node: StackNode, pair: Pair): boolean {
  const certificate = readCertificate(pair.certificate);
  const authority = readCertificate(files.read(inside(root, CA_CERTIFICATE)));
  if (!certificate || !authority || !isPair(pair)) return false;
  return isIssuedBy(certificate, authority) && covers(certificate, certificateNames(node));
}

function putInPlace(files: Files, root: string, node: string, pair: Pair): void {
  const { certificate, key } = pathsIn(root, node);
  files.write(key, pair.key, READABLE);
  files.write(certificate, pair.certificate, READABLE);
  files.flush(key);
  files.flush(certificate);
  removeStaged(files, root, node);
}

function removeStaged(files: Files, root: string, node: string): void {
  for (const path of Object.values(pathsIn(root, node))) files.remove(path + STAGED);
}

function pathsIn(root: string, node: string): { readonly certificate: string; readonly key: string } {
  const { certificate, key } = pairPaths(node);
  return { certificate: inside(root, certificate), key: inside(root, key) };
}
