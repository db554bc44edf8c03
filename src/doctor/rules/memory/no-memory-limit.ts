import { humanBytes, MIB, redisBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { bytesOf, number, setting } from '../../read-facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';

/** Of the memory there is; the rest is for forks, fragments and buffers. */
const SHARE = 0.6;

const room = ({ machine, info }: NodeFacts): number | undefined =>
  machine?.limitBytes ?? number(info, 'total_system_memory');

/** Only to a value that is far from what is used, so that nothing is evicted or refused at once. */
function fixFor(node: NodeFacts, limit: number | undefined): readonly Fix[] {
  const used = number(node.info, 'used_memory');
  if (limit === undefined || used === undefined || used > limit / 2) return [];
  const words = ['CONFIG', 'SET', 'maxmemory', redisBytes(limit)];
  const effect = `Beyond ${humanBytes(limit)} the server does what maxmemory-policy says.`;
  return [{ kind: 'command', at: node.name, words, live: true, effect }];
}

function judge(node: NodeFacts): readonly Found[] {
  if (bytesOf(setting(node, 'maxmemory')) !== 0) return [];
  const bytes = room(node);
  const limit = bytes && Math.floor((bytes * SHARE) / MIB) * MIB;
  return [
    {
      at: node.name,
      message: `There is no memory limit${bytes ? `; ${humanBytes(bytes)} are all there is` : ''}.`,
      evidence: [
        `maxmemory ${setting(node, 'maxmemory')}`,
        `maxmemory-policy ${setting(node, 'maxmemory-policy') ?? 'unknown'}`,
        `used_memory:${node.info?.used_memory ?? 'unknown'}`,
      ],
      remedy: `Set maxmemory to what the server may take${limit ? `, such as ${redisBytes(limit)}, 60 % of it` : ''}, in the configuration file too, and choose maxmemory-policy.`,
      fixes: fixFor(node, limit),
    },
  ];
}

export const noMemoryLimit: Rule = {
  id: 'no-memory-limit',
  group: 'memory',
  severity: 'warning',
  title: 'No memory limit',
  looksAt: ['maxmemory', 'maxmemory-policy', 'total_system_memory', 'limit of the container'],
  why: 'Without maxmemory a server grows until the kernel ends it or swaps, instead of evicting keys or refusing writes.',
  fix: 'Set maxmemory to 60 to 75 % of the memory that the server may take, and choose a policy.',
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://redis.io/docs/latest/operate/oss_and_stack/management/admin/',
  ],
  find: ({ nodes }: Facts) => nodes.flatMap(judge),
};
