import { humanBytes } from '../../../model/bytes.ts';
import type { NodeFacts } from '../../facts.ts';
import { bytesOf, number, partOfMemory, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs } from './persistence.ts';

const DEFAULT_LEAST_BYTES = 64 << 20;
/** Beyond the size at which the server rewrites by itself. */
const OVERDUE = 2;
/** Without that, times the data in memory. */
const BLOATED = 5;

export const logRewriteStuck: Rule = {
  id: 'log-rewrite-stuck',
  group: 'durability',
  severity: 'warning',
  title: 'An append-only file that only grows',
  looksAt: [
    'INFO aof_current_size, aof_base_size',
    'CONFIG GET auto-aof-rewrite-percentage, auto-aof-rewrite-min-size',
  ],
  why: 'It fills the disk, and a start takes as long as replaying all of it.',
  fix: 'Let the server rewrite it: `BGREWRITEAOF` once, and auto-aof-rewrite-percentage 100.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/commands/bgrewriteaof'],
  find: ({ nodes }) => nodes.flatMap((node) => (logs(node) ? judge(node) : [])),
};

function judge(node: NodeFacts): readonly Found[] {
  const { info } = node;
  const size = number(info, 'aof_current_size') ?? 0;
  const base = number(info, 'aof_base_size') ?? 0;
  const percent = Number(setting(node, 'auto-aof-rewrite-percentage') ?? 100);
  const least = bytesOf(setting(node, 'auto-aof-rewrite-min-size')) ?? DEFAULT_LEAST_BYTES;
  const never = percent === 0;
  const dataset =
    partOfMemory(info, 'used_memory_dataset') ?? number(info, 'used_memory') ?? Number.POSITIVE_INFINITY;
  const limit = never
    ? Math.max(DEFAULT_LEAST_BYTES, dataset) * BLOATED
    : Math.max(least, base * (1 + percent / 100)) * OVERDUE;
  if (size <= limit || info?.aof_rewrite_in_progress === '1' || info?.aof_rewrite_scheduled === '1')
    return [];
  return [
    {
      at: node.name,
      message: `The append-only file has grown to ${humanBytes(size)}, from ${humanBytes(base)} after the last rewrite${never ? '; rewrites are switched off' : ''}.`,
      evidence: [
        `aof_current_size:${size}`,
        `aof_base_size:${base}`,
        `auto-aof-rewrite-percentage=${percent}`,
        `auto-aof-rewrite-min-size=${least}`,
      ],
      remedy: `\`BGREWRITEAOF\` when the load is low: it forks${never ? '. Then set auto-aof-rewrite-percentage to 100' : ''}.`,
      fixes: never
        ? [
            {
              kind: 'command',
              at: node.name,
              words: ['CONFIG', 'SET', 'auto-aof-rewrite-percentage', '100'],
              live: false,
              effect: 'The log is rewritten by itself whenever it has doubled, the first time at once.',
            },
          ]
        : [],
    },
  ];
}
