/** One pattern of the client as the generator knows it: data for the questionnaire, the rules, the files and the README. */
export interface PatternFacts {
  /** The module in `templates/client/src/` that the barrel exports; what it imports comes along. */
  readonly module: string;
  readonly title: string;
  readonly meaning: string;
  readonly group: PatternGroup;
  /**
   * Keys that the server must not drop: `lasting` ones have no lifetime, so that `volatile-*` policies leave them alone;
   * `expiring` ones have one, and are safe under `noeviction` only.
   */
  readonly mustStay?: 'lasting' | 'expiring';
  /** Packages that it needs beside the client library. */
  readonly packages?: readonly string[];
  /** What happens without Redis, and what the pattern does not promise. */
  readonly limits: string;
  /** What of it touches several keys, and how it does so where keys are spread over slots. */
  readonly severalKeys: string;
}

export const PATTERN_GROUPS = ['Caches', 'Values', 'Work and messages', 'Guards', 'Tools'] as const;
export type PatternGroup = (typeof PATTERN_GROUPS)[number];

const OWN_KEYS = 'each id has its keys on one hash tag, so its own calls are safe on a cluster';

/** To add a pattern: its module in `templates/client/src/`, its example, and an entry here. The order is that of lists. */
export const PATTERN_FACTS = {
  'cache-aside': {
    module: 'cache-aside',
    title: 'Cache-aside',
    meaning: 'values in front of a slower source; one load for many callers, safe invalidation',
    group: 'Caches',
    limits:
      'Without Redis the loader answers, one load at a time for a key in each process. `invalidate` rejects where Redis does not confirm: readers may then see the old value until its lifetime ends.',
    severalKeys: `each entry has all its keys on one hash tag, so its own calls are safe on a cluster; your own multi-key commands beside it are not.`,
  },
  'local-tier': {
    module: 'local-tier',
    title: 'Local tier',
    meaning: 'cache-aside with a copy in the memory of each process, told of every write',
    group: 'Caches',
    limits:
      'Values are kept in memory only while every primary is heard; the rest of the time it is cache-aside. A write elsewhere is heard a network delay later, so another process may give the old value for that long.',
    severalKeys: 'it listens to every primary of a cluster; entries are those of cache-aside.',
  },
  'write-through': {
    module: 'write-through',
    title: 'Write-through',
    meaning: 'writes go to the source and to the cache in one call; the newer version wins',
    group: 'Caches',
    limits:
      'The source is written first. Where Redis does not confirm afterwards, `save` rejects with `redis/unconfirmed`: the source has the value, and readers may see the old one until its lifetime ends. Needs a version that grows with every change.',
    severalKeys: `${OWN_KEYS}.`,
  },
  'write-behind': {
    module: 'write-behind',
    title: 'Write-behind',
    meaning: 'writes go to Redis at once and to the source a little later, in batches',
    group: 'Caches',
    mustStay: 'lasting',
    limits:
      'Until the source has caught up, Redis has the only copy: how safe that is follows from persistence and replicas, for which `replicas` makes it wait. A change may be handed over twice, so the source must keep the higher version.',
    severalKeys:
      'values and the log of their changes share a slot, a fixed number of slots in all; a batch may hold several.',
  },
  counters: {
    module: 'counters',
    title: 'Counters, flags, once, highest and lowest',
    meaning: 'numbers and marks that many processes change at once',
    group: 'Values',
    limits:
      'Calls are repeated through a failover: an addition whose answer was lost can count twice. Each key has a lifetime or is declared `durable`.',
    severalKeys: `${OWN_KEYS}; many ids are asked for with one question a server.`,
  },
  records: {
    module: 'records',
    title: 'Records',
    meaning: 'hashes with typed fields that are written one by one: a profile, a cart',
    group: 'Values',
    limits:
      'Writers of different fields do not undo one another; of the same field the last one wins. Lifetimes of single fields need Redis 7.4 or Valkey 9.0.',
    severalKeys: `${OWN_KEYS}.`,
  },
  lists: {
    module: 'lists',
    title: 'Lists',
    meaning: 'stacks, and the latest so many of something: recent orders, a feed',
    group: 'Values',
    limits:
      'A recent list keeps its newest `max` items, and nothing says which ones went. Reading or adding thousands at once holds up the server.',
    severalKeys: `${OWN_KEYS}.`,
  },
  sets: {
    module: 'sets',
    title: 'Sets',
    meaning: 'members without order: tags, who is online; also what sets have in common',
    group: 'Values',
    limits: 'Sets can be combined only where their definition keeps them `together`, in one slot.',
    severalKeys: 'sets kept `together` live on one shard and can be combined; others cannot.',
  },
  leaderboards: {
    module: 'leaderboards',
    title: 'Leaderboards',
    meaning: 'scores with ranks, the neighbours of a member, the best so many',
    group: 'Values',
    limits:
      'Points that are added can count twice where the answer was lost; a score that is submitted cannot. A board lives on one shard.',
    severalKeys: 'a board is one key, hence on one shard.',
  },
  uniques: {
    module: 'uniques',
    title: 'Uniques',
    meaning: 'how many different ones, in 12 KiB at most: visitors a day, a month',
    group: 'Values',
    limits: 'An estimate with a standard error of 0.81 %; members cannot be listed.',
    severalKeys: 'the periods of an id are in one slot, so they can be counted together.',
  },
  queues: {
    module: 'queues',
    title: 'Queues',
    meaning: 'work to be done once, in order, by workers that may die',
    group: 'Work and messages',
    mustStay: 'lasting',
    limits:
      'At least once: an item is handed over again when its worker died or fell silent, and after `maxDeliveries` it waits among the dead ones. How safe a pushed item is follows from persistence and replicas.',
    severalKeys: 'all keys of a queue are in one slot, hence a queue is on one shard.',
  },
  streams: {
    module: 'streams',
    title: 'Streams',
    meaning: 'a log that several groups of consumers read, each at its own pace, with replay',
    group: 'Work and messages',
    mustStay: 'lasting',
    limits:
      'Each entry reaches each group at least once. Entries that a group still has to see are never trimmed, so a group that is abandoned keeps the log growing.',
    severalKeys: 'a stream and its dead entries are in one slot, hence on one shard.',
  },
  pubsub: {
    module: 'pubsub',
    title: 'Pub/sub',
    meaning: 'messages to whoever listens at the moment, at most once',
    group: 'Work and messages',
    limits:
      'Kept for nobody: who was away, or connecting anew during a failover, has missed it. What must arrive goes through a stream.',
    severalKeys: 'a message goes to every node of a cluster, with `sharded` to the nodes of one shard.',
  },
  jobs: {
    module: 'jobs',
    title: 'Jobs with BullMQ',
    meaning: 'retries, schedules, priorities and flows, by BullMQ on the same stack',
    group: 'Work and messages',
    // BullMQ asks for noeviction: it keeps locks and limits in keys with a lifetime beside those without.
    mustStay: 'expiring',
    packages: ['bullmq', 'ioredis'],
    limits:
      'BullMQ connects through ioredis, whichever library the rest of the client uses. Its promises are its own: a job runs at least once.',
    severalKeys: 'all keys of BullMQ share one hash tag, hence a shard.',
  },
  'rate-limits': {
    module: 'rate-limits',
    title: 'Rate limits',
    meaning: 'so much in so much time, for all processes together, by the clock of the server',
    group: 'Guards',
    limits:
      'Without Redis it says within the deadline what `whenAway` tells it to: everything passes, nothing passes, or this process counts alone. A failover can forget the last moments, and a full server that evicts can forget more.',
    severalKeys: `${OWN_KEYS}.`,
  },
  locks: {
    module: 'locks',
    title: 'Locks',
    meaning: 'one at a time across all processes, with a fence that the guarded resource checks',
    group: 'Guards',
    mustStay: 'expiring',
    limits:
      'A failover can give the lock to two at once, as it can with any lock on Redis: send the fence along with every write, and have the receiver refuse a lower one. Not reentrant.',
    severalKeys: `${OWN_KEYS}.`,
  },
  sessions: {
    module: 'sessions',
    title: 'Sessions',
    meaning: 'logins and carts; requests at once do not overwrite one another, logout is final',
    group: 'Guards',
    limits:
      'Calls are repeated through a failover, without writing twice, and reject with `redis/deadline` after `writeWithinMs`. What was written in the last moments before a failover can be gone, and a full server that evicts ends sessions early.',
    severalKeys: `${OWN_KEYS}.`,
  },
  scripts: {
    module: 'lua',
    title: 'Scripts',
    meaning: 'your own Lua, typed, with its keys in one slot',
    group: 'Tools',
    limits:
      'A script whose answer was lost is run again, so it should bear that. Keys of several slots are refused before anything is sent.',
    severalKeys: 'keys of one call must share a hash tag, on every topology.',
  },
  testing: {
    module: 'testing',
    title: 'Testing',
    meaning: 'real servers for your tests, that freeze, die and come back when you say so',
    group: 'Tools',
    limits:
      'Starts the server program that `REDIS_SERVER` names, or the first one on the PATH, on free ports of this machine; nothing for production.',
    severalKeys: 'a server for tests has all slots.',
  },
} as const satisfies Readonly<Record<string, PatternFacts>>;
