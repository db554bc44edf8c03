import type { Pattern } from '../spec/types.ts';

/** What a pattern of the client is made of, and what an application takes from it. */
export interface Behind {
  /** A few words for lists: `list, hash and sorted set`. */
  readonly made: string;
  /** Names that its example imports beside those that all have. */
  readonly imports: readonly string[];
}

export const BEHIND: Readonly<Record<Pattern, Behind>> = {
  'cache-aside': { made: 'strings', imports: ['cache'] },
  'local-tier': { made: 'strings', imports: ['localCache'] },
  'write-through': { made: 'strings', imports: ['writeThrough'] },
  'write-behind': { made: 'strings, stream', imports: ['writeBehind'] },
  counters: { made: 'strings, bitmap', imports: ['counter', 'extremum', 'flags'] },
  records: { made: 'hash', imports: ['record', 'unchecked'] },
  lists: { made: 'list', imports: ['itemStack', 'recentList'] },
  sets: { made: 'set', imports: ['memberSet'] },
  leaderboards: { made: 'sorted set', imports: ['leaderboard'] },
  uniques: { made: 'HyperLogLog', imports: ['uniques'] },
  queues: { made: 'list, hash, sorted set', imports: ['queue'] },
  streams: { made: 'stream', imports: ['stream'] },
  pubsub: { made: 'channel', imports: ['broadcast'] },
  jobs: { made: 'BullMQ', imports: ['openJobs'] },
  'rate-limits': { made: 'string', imports: ['rateLimit'] },
  locks: { made: 'string', imports: ['lock'] },
  sessions: { made: 'hash', imports: ['sessions'] },
  scripts: { made: 'Lua', imports: ['luaScript'] },
  testing: { made: 'servers', imports: ['connectRedis', 'startRedis'] },
};

/** Patterns whose definitions are opened with `defineKeyspaces`. */
const WITHOUT_DEFINITIONS: readonly Pattern[] = ['jobs', 'testing'];

/** The line that an application begins with. */
export function importLine(pattern: Pattern): string {
  const { imports } = BEHIND[pattern];
  const names = WITHOUT_DEFINITIONS.includes(pattern) ? imports : [...imports, 'defineKeyspaces'];
  return `import { ${[...names].sort().join(', ')} } from 'redis-client';`;
}
