import type { NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';

export type Reach = 'loopback' | 'private' | 'public' | 'unknown';

const V4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const V6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/;
/** Ranges that the Internet does not carry: RFC 1918, 6598 and 3927. */
const PRIVATE_V4 =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.)/;
/** Unique local and link-local addresses. */
const PRIVATE_V6 = /^f([cd]|e[89ab])/;

/** From where an address can be reached. Of a name nobody knows but its resolver. */
export function reachOf(host: string): Reach {
  const bare = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  if (bare === 'localhost' || bare === '::1' || bare.startsWith('127.')) return 'loopback';
  if (V4.test(bare)) return PRIVATE_V4.test(bare) || bare === '0.0.0.0' ? 'private' : 'public';
  if (V6.test(bare)) return PRIVATE_V6.test(bare) || bare === '::' ? 'private' : 'public';
  return 'unknown';
}

/** True where the server listens for other machines, or was reached under an address of more than this one. */
export function isExposed(node: NodeFacts): boolean {
  if (reachOf(node.at.host) !== 'loopback') return true;
  const bind = setting(node, 'bind');
  if (bind === undefined) return false;
  // Without an address it listens everywhere.
  const words = bind.split(/\s+/).filter(Boolean);
  return words.length === 0 || words.some((word) => reachOf(word.replace(/^-/, '')) !== 'loopback');
}
