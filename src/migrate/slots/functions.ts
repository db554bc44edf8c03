import type { Links } from './links.ts';
import type { ClusterMember } from './types.ts';

/** Libraries of functions are in no slot: a new primary has none until it is given those of another. */
export async function copyFunctions(links: Links, from: ClusterMember, to: ClusterMember): Promise<void> {
  const listed = await links.call(from, 'FUNCTION', 'LIST');
  if (!Array.isArray(listed) || listed.length === 0) return;
  const dump = await links.call(from, 'FUNCTION', 'DUMP');
  if (!Buffer.isBuffer(dump)) throw new Error('FUNCTION DUMP gave no bytes');
  await links.call(to, 'FUNCTION', 'RESTORE', dump, 'REPLACE');
}
