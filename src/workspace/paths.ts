import { basename, dirname, isAbsolute, join } from 'node:path';

export const OURS = '.redis-stack';
export const STATE = `${OURS}/state.json`;
export const BASE = `${OURS}/base`;
export const TMP = `${OURS}/tmp`;
/** What a run has decided; while it is there the files may not fit together. */
export const JOURNAL = `${TMP}/journal.json`;
export const LOCK = `${OURS}/lock`;
/** Proposals for files where the user's edit and our new text clash. */
export const CONFLICTS = `${OURS}/conflicts`;
export const RUN = `${OURS}/run`;
export const ENV_FILE = '.env';
export const SECRETS = '.secrets';
/** Certificates and their keys, where the stack speaks TLS. */
export const TLS = `${SECRETS}/tls`;
export const CA_CERTIFICATE = `${TLS}/ca.crt`;
/** Signs certificates; no server ever sees it. */
export const CA_KEY = `${TLS}/ca.key`;

/** The certificate of a node, and the key that belongs to it. */
export function pairPaths(node: string): { readonly certificate: string; readonly key: string } {
  return { certificate: `${TLS}/${node}.crt`, key: `${TLS}/${node}.key` };
}

/** Where a new stack is built, beside its place, by the process of this number. */
export function buildingFolder(root: string, pid: number): string {
  return join(dirname(root), `.${basename(root)}.creating-${pid}`);
}

/** True for a relative path with forward slashes that stays where it is told. */
export function isInside(path: string): boolean {
  if (path === '' || path.length > 500 || isAbsolute(path) || /[\\\0\r\n]|^[a-zA-Z]:/.test(path))
    return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

export function inside(root: string, path: string): string {
  return join(root, ...path.split('/'));
}
