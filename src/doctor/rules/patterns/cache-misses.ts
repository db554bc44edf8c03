import type { NodeFacts } from '../../facts.ts';
import { isCache, number, primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many, percent } from '../../words.ts';

const FEW_LOOKUPS = 10_000;
const LOW = 0.5;

export const cacheMisses: Rule = {
  id: 'cache-misses',
  group: 'patterns',
  severity: 'warning',
  title: 'A cache that misses most of the time',
  looksAt: ['keyspace_hits', 'keyspace_misses', 'evicted_keys', 'maxmemory-policy'],
  why: 'Each miss is a question to Redis and then the work it was to save. Below half, many caches cost more than they give.',
  fix: 'Where keys are evicted, give more memory or store less; where they expire, lengthen TTLs; also remember that something does not exist.',
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://redis.io/docs/latest/commands/info/',
  ],
  find: (facts) => (isCache(facts) === true ? primaries(facts).flatMap(findOn) : []),
};

function findOn(node: NodeFacts): readonly Found[] {
  const hits = number(node.info, 'keyspace_hits') ?? 0;
  const misses = number(node.info, 'keyspace_misses') ?? 0;
  const evicted = number(node.info, 'evicted_keys') ?? 0;
  const lookups = hits + misses;
  if (lookups < FEW_LOOKUPS || hits / lookups >= LOW) return [];
  const small = evicted > misses / 10;
  return [
    {
      severity: small ? 'warning' : 'note',
      at: node.name,
      message: `${percent(hits / lookups)} of ${many(lookups, 'lookup')} found their key${small ? `, and ${many(evicted, 'key')} had to make room for others: the cache is too small for what is asked of it` : ''}.`,
      evidence: [`keyspace_hits:${hits}`, `keyspace_misses:${misses}`, `evicted_keys:${evicted}`],
      remedy: small
        ? 'Raise maxmemory, or keep less: smaller values, shorter TTLs for what is seldom read.'
        : 'Look for keys that are never written, or expire before they are read again; remember for a short time that something does not exist.',
    },
  ];
}
