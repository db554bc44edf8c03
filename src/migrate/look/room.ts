import type { StackModel } from '../../model/types.ts';
import type { Route, Totals } from './types.ts';

const SLOTS = 16_384;

/** Pages that change while a copy is made, as a share of the data; the memory arithmetic of a stack takes the same. */
const FORK_SHARE = 0.25;

/** Room for the log that is rewritten while the old one still stands. */
const LOG_COPIES = 2;

/**
 * Copies of all data that are made, where 1 is all of it once. A slot that moves takes memory where it arrives; where it
 * leaves, the server keeps what it had for itself.
 */
function newCopies({ copies, newReplicas, slots, shards }: Route): number {
  return copies + slots / SLOTS + newReplicas / Math.max(1, shards);
}

/** Memory that a migration takes beside what the old servers have, in bytes. */
export function neededMemory({ usedBytes }: Totals, route: Route) {
  const dataBytes = Math.ceil(usedBytes * newCopies(route));
  return { dataBytes, forkBytes: dataBytes === 0 ? 0 : Math.ceil(usedBytes * FORK_SHARE) };
}

/** Disk that the new servers may take while they copy, in bytes. A snapshot is no larger than the data in memory. */
export function neededDisk({ datasetBytes }: Totals, route: Route, { spec }: StackModel): number {
  const logs = spec.persistence.mode === 'aof' || spec.persistence.mode === 'hybrid';
  return Math.ceil(datasetBytes * newCopies(route) * (logs ? LOG_COPIES : 1));
}
