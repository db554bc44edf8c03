import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { bytesOf, number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { percent } from '../../words.ts';

const NEAR = 0.9;
const FULL = 0.99;
/** A limit below this is one of a test. */
const LEAST_LIMIT = 16 * MIB;

function judge(node: NodeFacts, model: Facts['model']): readonly Found[] {
  const limit = bytesOf(setting(node, 'maxmemory'));
  const used = number(node.info, 'used_memory');
  if (setting(node, 'maxmemory-policy') !== 'noeviction' || node.role === 'replica') return [];
  if (!limit || used === undefined || limit < LEAST_LIMIT) return [];
  const counted = used - (number(node.info, 'mem_not_counted_for_evict') ?? 0);
  const share = counted / limit;
  if (share < NEAR) return [];
  const double = model && humanBytes(model.memory.limitBytes * 2).replace(/ ([KMG]i)B/, '$1');
  return [
    {
      severity: share >= FULL ? 'error' : 'warning',
      at: node.name,
      message: `${humanBytes(counted)} of ${humanBytes(limit)} are used, ${percent(share)}; ${share >= FULL ? 'writes are being refused' : 'writes will be refused when it is full'}, since nothing may be evicted.`,
      evidence: [`used_memory:${used}`, `maxmemory ${limit}`, 'maxmemory-policy noeviction'],
      remedy: model
        ? 'Raise memory.limit, from which maxmemory follows, delete what is no longer needed, or set TTLs.'
        : 'Raise maxmemory if the machine has the memory, delete what is no longer needed, or set TTLs.',
      fixes: double
        ? [
            {
              kind: 'spec',
              path: 'memory.limit',
              value: double,
              effect: 'Each node may take twice as much memory.',
            },
          ]
        : [],
    },
  ];
}

export const memoryNearLimit: Rule = {
  id: 'memory-near-limit',
  group: 'memory',
  severity: 'error',
  title: 'Memory nearly full, and nothing may be evicted',
  looksAt: ['used_memory', 'mem_not_counted_for_evict', 'maxmemory', 'maxmemory-policy'],
  why: 'With noeviction a full server answers writes with an OOM error.',
  fix: 'Give it more memory before it is full, or let keys end.',
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://valkey.io/topics/lru-cache/',
  ],
  find: ({ nodes, model }: Facts) => nodes.flatMap((node) => judge(node, model)),
};
