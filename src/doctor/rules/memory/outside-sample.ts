import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts } from '../../facts.ts';
import { partOfMemory } from '../../read-facts.ts';
import { extrapolate } from '../../statistics.ts';
import type { Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';
import { sampled } from './saving.ts';

const LEAST_BYTES = 64 * MIB;
const LEAST_SHARE = 0.3;
/** Buckets of the table of keys, and what MEMORY USAGE leaves out of a key. */
const UNSAID_BYTES = 64;

function judge(node: ReturnType<typeof sampled>[number]): readonly Found[] {
  const dataset = partOfMemory(node.info, 'used_memory_dataset');
  const { keys, groups, looked } = node.keys;
  if (dataset === undefined || node.keys.complete || looked === 0) return [];
  const sum = groups.reduce((total, { bytes }) => total + bytes, 0);
  const squares = groups.reduce((total, one) => total + one.squares, 0);
  const { value, plusMinus } = extrapolate(node.keys, { sum, squares });
  const rest = dataset - value - plusMinus - UNSAID_BYTES * keys;
  if (rest < LEAST_BYTES || rest < LEAST_SHARE * dataset) return [];
  return [
    {
      at: node.name,
      message: `At least ${humanBytes(rest)} (${percent(rest / dataset)} of the data) are not explained by the sample: a few very large keys are likely.`,
      evidence: [
        `used_memory_dataset:${dataset}`,
        `${count(looked)} of ${count(keys)} keys sampled: ${humanBytes(value)} ± ${humanBytes(plusMinus)} for all`,
      ],
      remedy:
        'Look at more keys, for longer, or all of them with --memkeys of the command line client at a quiet time, best on a replica.',
    },
  ];
}

export const outsideSample: Rule = {
  id: 'outside-sample',
  group: 'memory',
  severity: 'note',
  title: 'Data that the sample does not explain',
  looksAt: ['used_memory_dataset', 'MEMORY USAGE of sampled keys'],
  why: 'A sample of some thousand keys seldom meets the one key in a million that holds half of the data. That it exists shows in the sum.',
  fix: 'Find it with a longer look, then split it.',
  sources: [
    'https://redis.io/docs/latest/commands/info/',
    'https://redis.io/docs/latest/commands/memory-usage/',
  ],
  find: (facts: Facts) => sampled(facts).flatMap(judge),
};
