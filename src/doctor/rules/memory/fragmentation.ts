import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';

const LEAST_BYTES = 100 * MIB;
const LEAST_RATIO = 1.4;

function fixFor(node: NodeFacts): readonly Fix[] {
  if (setting(node, 'activedefrag') !== 'no') return [];
  const words = ['CONFIG', 'SET', 'activedefrag', 'yes'];
  const effect =
    'The server moves values together while it serves, for up to a quarter of a core; a build without it refuses.';
  return [{ kind: 'command', at: node.name, words, live: true, effect }];
}

/** Holes between values, by the allocator's own figures: pages that are free but not given back count elsewhere. */
function judge(node: NodeFacts): readonly Found[] {
  const ratio = number(node.info, 'allocator_frag_ratio');
  const bytes = number(node.info, 'allocator_frag_bytes');
  if (ratio === undefined || bytes === undefined || ratio < LEAST_RATIO || bytes < LEAST_BYTES) return [];
  return [
    {
      at: node.name,
      message: `${humanBytes(bytes)} lie unused between values, ${ratio} times as much memory is taken as values need.`,
      evidence: [
        `allocator_frag_ratio:${ratio}`,
        `allocator_frag_bytes:${bytes}`,
        `mem_fragmentation_ratio:${node.info?.mem_fragmentation_ratio ?? 'unknown'}`,
        `activedefrag ${setting(node, 'activedefrag') ?? 'unknown'}`,
      ],
      remedy:
        'Turn activedefrag on for as long as it takes, or restart a replica and let it take over: a server that loads its data anew has no holes.',
      fixes: fixFor(node),
    },
  ];
}

export const fragmentation: Rule = {
  id: 'fragmentation',
  group: 'memory',
  severity: 'warning',
  title: 'Memory lost in fragments',
  looksAt: ['allocator_frag_ratio', 'allocator_frag_bytes', 'mem_fragmentation_ratio', 'activedefrag'],
  why: 'Values that were replaced by larger ones leave holes that fit nothing else. The process needs that memory although maxmemory does not count it, so it can pass the limit of its container.',
  fix: 'Turn activedefrag on where the build has it, or restart nodes one after the other.',
  sources: [
    'https://redis.io/docs/latest/commands/memory-stats/',
    'https://valkey.io/topics/memory-optimization/',
  ],
  find: ({ nodes }: Facts) => nodes.flatMap(judge),
};
