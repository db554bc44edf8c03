import { caches } from './caches.ts';
import { counters } from './counters.ts';
import type { Contract } from './ground.ts';
import { leaderboards } from './leaderboards.ts';
import { lists } from './lists.ts';
import { localTier } from './local-tier.ts';
import { lockContract } from './locks.ts';
import { port } from './port.ts';
import { pubsub } from './pubsub.ts';
import { queues } from './queues.ts';
import { rateLimits } from './rate-limits.ts';
import { records } from './records.ts';
import { scripts } from './scripts.ts';
import { sessionContract } from './sessions.ts';
import { sets } from './sets.ts';
import { streams } from './streams.ts';
import { uniques } from './uniques.ts';
import { writesBehind } from './write-behind.ts';
import { writesThrough } from './write-through.ts';

/** Every pattern; a new one is a file and a line here. */
export const contracts: Readonly<Record<string, Contract>> = {
  port,
  caches,
  localTier,
  streams,
  queues,
  pubsub,
  lists,
  counters,
  leaderboards,
  records,
  sets,
  uniques,
  rateLimits,
  locks: lockContract,
  sessions: sessionContract,
  scripts,
  writesBehind,
  writesThrough,
};
