import {
  type AlertFacts,
  type AlertRule,
  always,
  appearedOrGrew,
  critical,
  EVERYWHERE,
  warning,
} from './types.ts';

const refuses = (f: AlertFacts): boolean => f.policy === 'noeviction';
const keepsSome = (f: AlertFacts): boolean => f.policy.startsWith('volatile-');

const used = (f: AlertFacts): string =>
  `(${f.data('redis_memory_used_bytes')} - ${f.data('redis_mem_not_counted_for_eviction_bytes')}) / (${f.data('redis_memory_max_bytes')} > 0)`;

export const memoryAlerts: readonly AlertRule[] = [
  {
    name: 'RedisMemoryNearLimit',
    group: 'memory',
    where: 'stacks that drop nothing (noeviction)',
    applies: refuses,
    severity: warning,
    forSeconds: 300,
    expr: (f) => `${used(f)} > 0.85`,
    summary: 'Node <node> uses more than 85 % of maxmemory',
    description: 'At 100 % it refuses every write: nothing may be dropped here.',
    remedy: () =>
      'Raise `memory.limit` in redis-stack.yaml and run `npx create-redis-stack update`, give keys a TTL, or delete what is no longer needed.',
  },
  {
    name: 'RedisMemoryKeptKeysNearLimit',
    group: 'memory',
    where: 'stacks that drop keys with a TTL only (volatile-*)',
    applies: keepsSome,
    severity: warning,
    forSeconds: 300,
    expr: (f) =>
      `${used(f)} > 0.85 and on (node) sum by (node) (${f.data('redis_db_keys_expiring')}) < 0.1 * sum by (node) (${f.data('redis_db_keys')})`,
    summary: 'Node <node> is nearly full, and hardly a key of it may be dropped',
    description: 'Only keys with a TTL give way; when none is left, every write is refused.',
    remedy: () =>
      'Give the keys of caches a TTL, or raise `memory.limit` in redis-stack.yaml and run `npx create-redis-stack update`.',
  },
  {
    name: 'RedisEvictions',
    group: 'memory',
    where: 'stacks in which dropping keys hurts (noeviction, volatile-*)',
    applies: (f) => refuses(f) || keepsSome(f),
    severity: (f) => (refuses(f) ? 'critical' : 'warning'),
    forSeconds: 0,
    expr: (f) => `increase(${f.data('redis_evicted_keys_total')}[${f.clock.window(600)}]) > 0`,
    summary: 'Node <node> drops keys for want of memory',
    description: 'They had not expired: sessions end early, or data that was to stay is gone.',
    remedy: (c) =>
      `Raise \`memory.limit\` in redis-stack.yaml and run \`npx create-redis-stack update\`; see that the policy is what it should be: \`${c.cli} CONFIG GET maxmemory-policy\`.`,
  },
  {
    name: 'RedisPolicyChanged',
    group: 'memory',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 60,
    expr: (f) => f.data('redis_instance_info', `maxmemory_policy!="${f.policy}"`),
    summary: 'Node <node> runs with maxmemory-policy <maxmemory_policy>',
    description: 'Not what redis-stack.yaml says: a full node would drop, or refuse, something else.',
    remedy: () =>
      'Set it back with `npx create-redis-stack update`, or write the policy that is wanted into redis-stack.yaml.',
  },
  {
    name: 'RedisWritesRefused',
    group: 'memory',
    where: EVERYWHERE,
    applies: always,
    severity: critical,
    forSeconds: 0,
    expr: (f) => appearedOrGrew(f, 'redis_errors_total', 'err=~"OOM|MISCONF|NOREPLICAS|CLUSTERDOWN"', 300),
    summary: 'Node <node> refuses commands with <err>',
    description:
      'OOM: it is full. MISCONF: a snapshot or the log failed. NOREPLICAS: too few replicas listen. CLUSTERDOWN: its cluster is failed.',
    remedy: (c) =>
      `Look at \`${c.cli} INFO\`: memory for OOM, persistence for MISCONF, replication for NOREPLICAS, and \`${c.status}\` for CLUSTERDOWN.`,
  },
  {
    name: 'RedisRssNearLimit',
    group: 'memory',
    where: EVERYWHERE,
    applies: always,
    severity: critical,
    forSeconds: 60,
    expr: (f) => `${f.data('redis_memory_used_rss_bytes')} > ${Math.floor(f.limitBytes * 0.9)}`,
    summary: 'Node <node> takes more than 90 % of the memory of its container',
    description:
      'At the limit the kernel kills it. maxmemory does not bound fragmentation, buffers and forks.',
    remedy: (c) =>
      `See what takes it with \`${c.cli} MEMORY DOCTOR\`; \`${c.cli} MEMORY PURGE\` gives back what can be, otherwise raise \`memory.limit\`.`,
  },
];
