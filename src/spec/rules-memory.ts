import { evictionPolicies } from '../engines/catalogue.ts';
import { humanBytes, MIB, parseBytes } from '../model/bytes.ts';
import { memoryModel } from '../model/memory.ts';
import { suggestion } from '../nearest.ts';
import { problem, warning } from '../problem.ts';
import { OUTGROWS_ONE_NODE } from './defaults.ts';
import { dropped } from './kept-patterns.ts';
import { isReplicated, type Rule } from './rule.ts';
import type { StackSpec, Workload } from './types.ts';

const MUST_STAY: readonly Workload[] = ['queue', 'primary-data', 'rate-limiting'];

const evictionIsKnown: Rule = (spec) => {
  const policies = evictionPolicies(spec.engine);
  if (policies.length === 0 || policies.includes(spec.memory.eviction)) return [];
  return [
    problem(
      'memory/unknown-eviction',
      'memory.eviction',
      `${spec.engine.name} ${spec.engine.version} has no policy '${spec.memory.eviction.slice(0, 60)}'.`,
      suggestion(spec.memory.eviction, policies),
    ),
  ];
};

const evictionSuitsWorkload: Rule = (spec) => {
  const { eviction } = spec.memory;
  const kept = spec.workload.filter((w) => MUST_STAY.includes(w));
  if (kept.length === 0 || eviction === 'noeviction') return [];
  const what = kept.join(' and ');
  if (eviction.startsWith('allkeys-')) {
    return [
      problem(
        'memory/evicts-what-must-stay',
        'memory.eviction',
        `${eviction} silently drops keys of ${what} when memory is full.`,
        'Use noeviction, or a volatile- policy if only keys with a TTL may go, or run the cache as a stack of its own.',
      ),
    ];
  }
  return [
    warning(
      'memory/evicts-with-ttl',
      'memory.eviction',
      `${eviction} drops keys with a TTL when memory is full; keys of ${what} must have none.`,
      'Keep what must stay free of TTLs (job libraries usually ask for noeviction), or run the cache as a stack of its own.',
    ),
  ];
};

/** No judgement: the client itself refuses such a server, with `redis/may-evict`. */
const evictionKeepsPatterns: Rule = ({ memory, client, targets }) => {
  const lost = targets.includes('client') ? dropped(client.patterns, memory.eviction) : [];
  if (lost.length === 0) return [];
  const what = lost.join(', ');
  const enough =
    dropped(lost, 'volatile-lru').length === 0 ? 'noeviction or a volatile- policy' : 'noeviction';
  return [
    problem(
      'client/pattern-evicted',
      'client.patterns',
      `${memory.eviction} drops keys of ${what} when memory is full, so the client refuses to use them there.`,
      `Set memory.eviction to ${enough}, or leave ${what} out of client.patterns.`,
    ),
  ];
};

const volatileNeedsTtl: Rule = (spec) => {
  const mayExpire = spec.workload.some((w) => w === 'cache' || w === 'sessions' || w === 'rate-limiting');
  if (!spec.memory.eviction.startsWith('volatile-') || mayExpire) return [];
  return [
    warning(
      'memory/volatile-without-ttl',
      'memory.eviction',
      `${spec.memory.eviction} only drops keys that have a TTL, and ${spec.workload.join(' and ')} usually has none: a full server refuses writes.`,
      'Say noeviction, which behaves the same and says so.',
    ),
  ];
};

const cacheMayBeFull: Rule = (spec) => {
  if (spec.memory.eviction !== 'noeviction' || !spec.workload.includes('cache')) return [];
  return [
    warning(
      'memory/cache-never-evicts',
      'memory.eviction',
      'A full cache refuses new entries under noeviction.',
      roomForCache(spec),
    ),
  ];
};

function roomForCache({ workload, client }: StackSpec): string {
  const others = dropped(client.patterns, 'volatile-lru');
  if (others.length > 0)
    return `Run the cache as a stack of its own: ${others.join(', ')} cannot be on a server that evicts.`;
  if (workload.length === 1 && dropped(client.patterns, 'allkeys-lfu').length === 0)
    return 'Use allkeys-lfu.';
  return 'Use volatile-lru, or run the cache as a stack of its own.';
}

const memoryFits: Rule = (spec) => {
  const limit = parseBytes(spec.memory.limit) ?? 0;
  if (limit < 64 * MIB || limit > 2 ** 44) {
    return [
      problem(
        'memory/limit-out-of-range',
        'memory.limit',
        `A container of ${humanBytes(limit)} is not a place for a server.`,
        'Use 64Mi to 16Ti.',
      ),
    ];
  }
  const memory = memoryModel(spec, isReplicated(spec));
  const needed = memory.parts.filter((p) => p.label !== 'left over').reduce((sum, p) => sum + p.bytes, 0);
  const said = `maxmemory ${humanBytes(memory.maxmemoryBytes)} needs ${humanBytes(memory.floorBytes)} with fragmentation and buffers`;
  if (memory.floorBytes > limit) {
    return [
      problem(
        'memory/too-close',
        'memory.maxmemory',
        `${said}, and the limit is ${humanBytes(limit)}: the kernel kills the server before it evicts.`,
        'Lower memory.maxmemory, raise memory.limit, or say auto.',
      ),
    ];
  }
  if (needed > limit) {
    return [
      warning(
        'memory/no-room-for-fork',
        'memory.maxmemory',
        `${said}, and ${humanBytes(needed)} while a snapshot, rewrite or resync runs; the limit is ${humanBytes(limit)}.`,
        'Lower memory.maxmemory, raise memory.limit, or say auto.',
      ),
    ];
  }
  return [];
};

const oneNodeIsEnough: Rule = (spec) => {
  const limit = parseBytes(spec.memory.limit) ?? 0;
  if (spec.topology.kind === 'cluster' || limit <= OUTGROWS_ONE_NODE) return [];
  return [
    warning(
      'memory/outgrows-one-node',
      'memory.limit',
      `A node of ${humanBytes(limit)} forks, resynchronises and restarts slowly.`,
      'Choose cluster, with three or more smaller primaries.',
    ),
  ];
};

/** What a full or a too large server would do to what it is for. */
export const memoryRules: readonly Rule[] = [
  evictionIsKnown,
  evictionSuitsWorkload,
  evictionKeepsPatterns,
  volatileNeedsTtl,
  cacheMayBeFull,
  memoryFits,
  oneNodeIsEnough,
];
