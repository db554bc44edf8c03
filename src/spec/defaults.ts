import { digest } from '../digest.ts';
import { FAMILIES } from '../engines/releases.ts';
import { DEFAULT_EVERY, DEFAULT_KEEP, FOLDER } from '../model/backup.ts';
import { GIB, parseBytes } from '../model/bytes.ts';
import { dropped } from './kept-patterns.ts';
import type {
  AppendFsync,
  ClientLibrary,
  Decision,
  Pattern,
  PersistenceMode,
  TopologyKind,
  Workload,
} from './types.ts';

interface Default<T> {
  readonly value: T;
  readonly why: string;
}

const has = (workload: readonly Workload[], ...wanted: readonly Workload[]) =>
  wanted.some((w) => workload.includes(w));

const only = (workload: readonly Workload[], ...allowed: readonly Workload[]) =>
  workload.every((w) => allowed.includes(w));

/** A data set that no longer fits one node comfortably: fork, full resync and restart all grow with it. */
export const OUTGROWS_ONE_NODE = 32 * GIB;

export function defaultVersion(engine: 'redis' | 'valkey'): Default<string> {
  return {
    value: FAMILIES[engine].defaultLine,
    why: 'a release line that is fixed for years, proven against its server',
  };
}

export function defaultTopology(
  workload: readonly Workload[],
  limit: string | undefined,
): Default<TopologyKind> {
  if (limit !== undefined && (parseBytes(limit) ?? 0) > OUTGROWS_ONE_NODE) {
    return { value: 'cluster', why: 'the data outgrows one node, so it is spread over several primaries' };
  }
  if (has(workload, 'primary-data', 'queue', 'sessions')) {
    return {
      value: 'sentinel',
      why: 'losing this data hurts, so a replica takes over when the primary is lost',
    };
  }
  return { value: 'standalone', why: 'a cache can be filled again, so one node is enough to begin with' };
}

export function defaultShards(): Default<number> {
  return { value: 3, why: 'a majority of primaries must agree on a failover, so three is the least' };
}

export function defaultReplicas(kind: TopologyKind): Default<number> {
  return kind === 'cluster'
    ? { value: 1, why: 'one replica takes over when its primary is lost' }
    : { value: 2, why: 'with two replicas one may restart while writes still reach a replica' };
}

export function defaultSentinels(): Default<number> {
  return { value: 3, why: 'the smallest odd number that survives the loss of one Sentinel' };
}

export function defaultQuorum(sentinels: number): Default<number> {
  return { value: Math.floor(sentinels / 2) + 1, why: 'a majority of the Sentinels' };
}

export function defaultPersistence(workload: readonly Workload[]): Default<PersistenceMode> {
  if (has(workload, 'primary-data'))
    return {
      value: 'hybrid',
      why: 'primary data: the append-only file for durability, snapshots to copy away',
    };
  if (has(workload, 'queue'))
    return { value: 'aof', why: 'a queue must survive a restart with at most a second lost' };
  if (has(workload, 'sessions')) return { value: 'aof', why: 'nobody should be logged out by a restart' };
  return {
    value: 'rdb',
    why: 'snapshots keep a restart warm and stop an empty primary from emptying its replicas',
  };
}

export function defaultFsync(): Default<AppendFsync> {
  return { value: 'everysec', why: 'at most about a second of writes is at risk, at little cost' };
}

/** Patterns that were asked for have a say: no default may drop what they keep. */
export function defaultEviction(
  workload: readonly Workload[],
  patterns: readonly Pattern[],
): Default<string> {
  const usual = usualEviction(workload);
  const lost = dropped(patterns, usual.value);
  if (lost.length === 0) return usual;
  const value = dropped(patterns, 'volatile-lru').length === 0 ? 'volatile-lru' : 'noeviction';
  return { value, why: `${usual.value} would drop keys that must stay: those of ${lost.join(', ')}` };
}

function usualEviction(workload: readonly Workload[]): Default<string> {
  if (only(workload, 'cache')) return { value: 'allkeys-lfu', why: 'a full cache drops what is used least' };
  if (only(workload, 'sessions', 'cache')) {
    return { value: 'volatile-lru', why: 'a full server drops the keys with a TTL that were idle longest' };
  }
  if (has(workload, 'cache', 'sessions')) {
    return {
      value: 'volatile-lru',
      why: 'what has a TTL gives way; keys without one, such as a queue, stay',
    };
  }
  return {
    value: 'noeviction',
    why: 'nothing of this may be dropped silently; a full server refuses writes instead',
  };
}

export function defaultPort(kind: TopologyKind): Default<number> {
  return kind === 'cluster'
    ? { value: 7011, why: 'shard 1, node 1; ports of a cluster read <base><shard><node>' }
    : { value: 6379, why: 'the usual Redis port' };
}

/** A /24 of its own for each name, out of the range that Docker hands out last but one. */
export function defaultSubnet(name: string): Default<string> {
  const third = Number.parseInt(digest(name).slice(0, 2), 16);
  return { value: `172.30.${third}.0/24`, why: 'derived from the name, so that two stacks rarely share one' };
}

export const DEFAULT_WORKLOAD: Default<readonly Workload[]> = {
  value: ['cache'],
  why: 'the most common use',
};

/** Collects the defaults that were taken, so that the summary can name them. */
export class Decisions {
  readonly taken: Decision[] = [];

  take<T>(path: string, given: T | undefined, fallback: () => Default<T>): T {
    if (given !== undefined) return given;
    const { value, why } = fallback();
    this.taken.push({ path, value, why });
    return value;
  }
}

export const defaultLimit: Default<string> = {
  value: '1Gi',
  why: 'room for about 660 MiB of data in a cache',
};

export function defaultLibrary(): Default<ClientLibrary> {
  return { value: 'node-redis', why: 'what the maintainers of both recommend for new projects' };
}

const PATTERNS_FOR: Readonly<Record<Workload, readonly Pattern[]>> = {
  cache: ['cache-aside'],
  sessions: ['sessions'],
  'rate-limiting': ['rate-limits'],
  queue: ['queues', 'streams'],
  'primary-data': ['counters', 'records'],
};

/** What the workload asks for, without what a policy that was asked for would drop. */
export function defaultPatterns(
  workload: readonly Workload[],
  eviction = 'noeviction',
): Default<readonly Pattern[]> {
  const usual = workload.flatMap((w) => PATTERNS_FOR[w]);
  const lost = dropped(usual, eviction);
  const kept = usual.filter((pattern) => !lost.includes(pattern));
  const why = `what ${workload.join(', ')} asks for; --patterns takes more of them, or all`;
  return {
    value: kept.length > 0 ? kept : PATTERNS_FOR.cache,
    why: lost.length === 0 ? why : `${eviction} would drop the keys of ${lost.join(', ')}`,
  };
}

export const defaultBackup = {
  every: { value: DEFAULT_EVERY, why: 'once a day' },
  keep: { value: DEFAULT_KEEP, why: 'a week, at one a day' },
  to: { value: FOLDER, why: 'backups/sets beside the stack; copy them to another machine' },
} as const;
