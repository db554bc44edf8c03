import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';

const LEAST_USED = 64 * MIB;
/** Untouched pages and shared ones explain a little. */
const MOST_RATIO = 0.9;

function judge(node: NodeFacts): readonly Found[] {
  const used = number(node.info, 'used_memory');
  const rss = number(node.info, 'used_memory_rss');
  if (used === undefined || rss === undefined || used < LEAST_USED || rss >= MOST_RATIO * used) return [];
  return [
    {
      at: node.name,
      message: `About ${humanBytes(used - rss)} of the data are not in memory, most likely swapped out.`,
      evidence: [`used_memory:${used}`, `used_memory_rss:${rss}`],
      remedy:
        'Look at VmSwap in /proc/<pid>/status. Free memory on the machine or lower maxmemory, then restart or swap back in: every read of such a key waits for a disk. Turn swap off for servers, or set vm.swappiness to 1.',
    },
  ];
}

export const swapped: Rule = {
  id: 'swapped',
  group: 'memory',
  severity: 'warning',
  title: 'Data in swap space',
  looksAt: ['used_memory', 'used_memory_rss'],
  why: 'A server has one thread for commands. When it touches a page that was swapped out, all clients wait for the disk.',
  fix: 'Give the machine enough memory, and limit the server with maxmemory.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
    'https://redis.io/docs/latest/commands/memory-doctor/',
  ],
  find: ({ nodes }: Facts) => nodes.flatMap(judge),
};
