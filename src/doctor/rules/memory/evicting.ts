import type { Facts, NodeFacts } from '../../facts.ts';
import { number, primaries, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';

/** So many a second that a cache is too small for what is read. */
const BUSY_PER_SECOND = 100;
const LEAST_READS = 10_000;
const POOR_HITS = 0.8;

const hitsOf = ({ info }: NodeFacts): number | undefined => {
  const hits = number(info, 'keyspace_hits');
  const misses = number(info, 'keyspace_misses');
  if (hits === undefined || misses === undefined || hits + misses < LEAST_READS) return undefined;
  return hits / (hits + misses);
};

const evidence = (node: NodeFacts): readonly string[] => [
  `evicted_keys:${node.info?.evicted_keys ?? 'unknown'}`,
  `evicted_keys +${node.perSecond?.evicted_keys ?? 'unknown'} per second`,
  `maxmemory-policy ${setting(node, 'maxmemory-policy') ?? 'unknown'}`,
];

/** Keys of queues, locks and data that must stay are not a cache's, and are taken all the same. */
function losing(node: NodeFacts, { model }: Facts): readonly Found[] {
  const evicted = number(node.info, 'evicted_keys') ?? 0;
  const keeps = model?.spec.workload.some((one) => one !== 'cache');
  const policy = setting(node, 'maxmemory-policy') ?? '';
  const logs = setting(node, 'appendonly') === 'yes';
  if (evicted === 0 || !policy.startsWith('allkeys') || !(model ? keeps : logs)) return [];
  const grows = (node.perSecond?.evicted_keys ?? 0) > 0;
  return [
    {
      severity: grows && model ? 'error' : 'warning',
      at: node.name,
      message: `${count(evicted)} keys were evicted, of any kind, though ${model ? `the stack is for ${model.spec.workload.join(', ')}` : 'an append-only file says that data should last'}.`,
      evidence: evidence(node),
      remedy: model
        ? 'Set memory.eviction to noeviction and memory.limit to what the data needs, and keep the cache in a stack of its own.'
        : 'Set maxmemory-policy to noeviction, or to volatile-lru where all that may go has a TTL, and keep caches on a server of their own.',
      fixes: model
        ? [
            {
              kind: 'spec',
              path: 'memory.eviction',
              value: 'noeviction',
              effect: 'Writes are refused when memory is full.',
            },
          ]
        : [],
    },
  ];
}

function tooSmall(node: NodeFacts): readonly Found[] {
  const rate = node.perSecond?.evicted_keys ?? 0;
  const hits = hitsOf(node);
  if (rate < BUSY_PER_SECOND || hits === undefined || hits >= POOR_HITS) return [];
  return [
    {
      severity: 'warning',
      at: node.name,
      message: `${count(rate)} keys a second are evicted and ${percent(1 - hits)} of reads find nothing: the cache is too small for what is read.`,
      evidence: [
        ...evidence(node),
        `keyspace_hits:${node.info?.keyspace_hits}`,
        `keyspace_misses:${node.info?.keyspace_misses}`,
      ],
      remedy:
        'Give the cache more memory, keep smaller values or shorter TTLs, or try allkeys-lfu, which keeps what is read often.',
    },
  ];
}

export const evicting: Rule = {
  id: 'evicting',
  group: 'memory',
  severity: 'error',
  title: 'Evictions that hurt',
  looksAt: [
    'evicted_keys',
    'maxmemory-policy',
    'appendonly',
    'keyspace_hits',
    'keyspace_misses',
    'workload of the spec',
  ],
  why: 'Policies of the allkeys family take any key, also jobs, locks and data that is kept nowhere else. And a cache that evicts what is read again soon spares little work.',
  fix: 'Keep what must stay apart from caches, under noeviction, and size caches for what is read often.',
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://valkey.io/topics/lru-cache/',
  ],
  find: (facts: Facts) => primaries(facts).flatMap((node) => [...losing(node, facts), ...tooSmall(node)]),
};
