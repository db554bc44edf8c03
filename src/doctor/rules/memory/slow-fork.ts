import { GIB, humanBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration } from '../../words.ts';

const SLOW_USEC = 200_000;
const VERY_SLOW_USEC = 1_000_000;

function judge(node: NodeFacts): readonly Found[] {
  const usec = number(node.info, 'latest_fork_usec');
  const rss = number(node.info, 'used_memory_rss');
  if (usec === undefined || usec < SLOW_USEC) return [];
  const perGib = rss && rss >= GIB / 4 ? `, ${duration(usec / (rss / GIB))} for each GiB` : '';
  return [
    {
      severity: usec >= VERY_SLOW_USEC ? 'warning' : 'note',
      at: node.name,
      message: `The last fork stopped the server for ${duration(usec)}${perGib}.`,
      evidence: [
        `latest_fork_usec:${usec}`,
        `used_memory_rss:${rss ?? 'unknown'}${rss ? ` (${humanBytes(rss)})` : ''}`,
        `total_forks:${node.info?.total_forks ?? 'unknown'}`,
      ],
      remedy:
        'Turn transparent huge pages off on the host, fork less often (save, auto-aof-rewrite-percentage), let a replica write the snapshots, or spread the data over more and smaller servers.',
    },
  ];
}

export const slowFork: Rule = {
  id: 'slow-fork',
  group: 'memory',
  severity: 'warning',
  title: 'Forks that stop the server for long',
  looksAt: ['latest_fork_usec', 'used_memory_rss', 'total_forks'],
  why: 'While the kernel copies the page table for a child, no command is carried out. Usual are 10 to 20 ms for each GB, with transparent huge pages off.',
  fix: 'Keep servers small, fork seldom, and turn transparent huge pages off.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
    'https://valkey.io/topics/latency/',
    'https://www.netdata.cloud/guides/redis/redis-latest-fork-usec-high/',
  ],
  find: ({ nodes }: Facts) => nodes.flatMap(judge),
};
