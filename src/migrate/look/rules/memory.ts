import { humanBytes } from '../../../model/bytes.ts';
import { place } from '../../../redis/ask.ts';
import { neededDisk, neededMemory } from '../room.ts';
import { type Case, type Finding, type Rule, stops, warns } from '../types.ts';

const evicts = ({ after }: Case): boolean => after.spec.memory.eviction !== 'noeviction';

/** What happens at a limit that is too low: writes are refused, or keys are dropped. */
function tooSmall(given: Case, id: string, message: string, remedy: string): Finding {
  const at = 'memory.limit';
  return evicts(given)
    ? warns(id, at, `${message} ${given.after.spec.memory.eviction} would drop keys.`, remedy)
    : stops(id, at, `${message} With noeviction writes would be refused.`, remedy);
}

/** Each new shard must have room for its share. */
export const dataFits: Rule = (given) => {
  const { totals, after, route } = given;
  const share = totals.usedBytes / route.shards;
  const limit = after.memory.maxmemoryBytes;
  if (share <= limit) return [];
  const each = route.shards === 1 ? 'The server' : `Each of ${route.shards} shards`;
  return [
    tooSmall(
      given,
      'memory-target',
      `The data takes ${humanBytes(totals.usedBytes)}. ${each} would hold ${humanBytes(share)}, and has a maxmemory of ${humanBytes(limit)}.`,
      after.joins ? 'Raise memory.limit, or ask for more shards.' : 'Raise memory.limit.',
    ),
  ];
};

/** All data is on the first new primary until slots move to the others; or on the last before a cluster ends. */
export const firstHoldsAll: Rule = (given) => {
  const { totals, after, route } = given;
  const limit = after.memory.maxmemoryBytes;
  const share = totals.usedBytes / route.shards;
  if (route.copies === 0 || route.shards === 1 || share > limit || totals.usedBytes <= limit) return [];
  return [
    tooSmall(
      given,
      'memory-first',
      `The first new server holds all ${humanBytes(totals.usedBytes)} until slots have moved, and has a maxmemory of ${humanBytes(limit)}.`,
      'Raise memory.limit for the migration and lower it afterwards with `update` and `up`.',
    ),
  ];
};

/** A cluster that is to be one server is gathered on one of its primaries first. */
export const lastHoldsAll: Rule = ({ totals, before, after }) => {
  if (!before?.joins || after.joins) return [];
  return totals.primaries
    .filter(({ memory }) => memory?.maxmemoryBytes && memory.maxmemoryBytes < totals.usedBytes)
    .slice(0, 1)
    .map(({ at, memory }) =>
      stops(
        'memory-gathering',
        place(at),
        `All slots move to one server of the cluster first: ${humanBytes(totals.usedBytes)} of data, and it has a maxmemory of ${humanBytes(memory?.maxmemoryBytes ?? 0)}.`,
        'Raise memory.limit of the present stack first with `update` and `up`.',
      ),
    );
};

/** Old and new servers hold the data at the same time. */
export const machineHasMemory: Rule = ({ totals, route, more }) => {
  const { freeMemoryBytes: free } = more;
  const { dataBytes, forkBytes } = neededMemory(totals, route);
  if (free === undefined || dataBytes === 0 || free >= dataBytes + forkBytes) return [];
  const message = `The new servers need about ${humanBytes(dataBytes)} beside the old ones, and up to ${humanBytes(forkBytes)} more while copies are made. This machine has ${humanBytes(free)} free.`;
  return free < dataBytes
    ? [
        stops(
          'memory-of-machine',
          'this machine',
          message,
          'Free memory, or take a larger machine; `migrate` names other tools for moving to one.',
        ),
      ]
    : [
        warns(
          'memory-tight',
          'this machine',
          message,
          'Migrate when little is written: pages that change during a copy exist twice.',
        ),
      ];
};

/** Each new node writes what it has copied. */
export const diskHasRoom: Rule = ({ totals, route, after, more }) => {
  const { freeDiskBytes: free } = more;
  const needed = neededDisk(totals, route, after);
  if (free === undefined || needed === 0 || free >= needed) return [];
  return [
    stops(
      'disk',
      'the folder of the new data',
      `The new servers write up to ${humanBytes(needed)}, and ${humanBytes(free)} are free.`,
      'Free space, or move the stack to a larger disk.',
    ),
  ];
};

/** A source that drops keys meanwhile makes every count differ, and shows that it has no room. */
export const sourceEvicts: Rule = ({ totals }) =>
  totals.primaries
    .filter(({ memory }) => (memory?.evictedPerSecond ?? 0) > 0)
    .map(({ at, memory }) =>
      warns(
        'evicting',
        place(at),
        `It drops ${memory?.evictedPerSecond} keys a second, since it is at its maxmemory (${memory?.policy}). It will go on during the copy, and the copy follows.`,
        'Nothing for a cache. Otherwise raise its maxmemory first.',
      ),
    );
