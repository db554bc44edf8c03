import type { Rule } from '../../types.ts';
import { encodingFindings } from './encoding-finding.ts';

export const zsetEncoding: Rule = {
  id: 'zset-encoding',
  group: 'memory',
  severity: 'warning',
  title: 'Sorted sets in the large encoding',
  looksAt: [
    'OBJECT ENCODING',
    'MEMORY USAGE',
    'ZSCAN of sampled keys',
    'zset-max-listpack-entries',
    'zset-max-listpack-value',
  ],
  why: 'A sorted set of few short members is kept as a listpack. Past either setting it becomes a skip list and a hash table, which together take far more.',
  fix: 'Raise the setting to what the keys need, to 512 members and 128 bytes at most: a listpack is read from its start, so larger ones cost time. Then write the keys anew.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
    'https://valkey.io/topics/memory-optimization/',
  ],
  find: (facts) =>
    encodingFindings(facts, 'zset', [
      { setting: 'zset-max-listpack-entries', step: 64, most: 512 },
      { setting: 'zset-max-listpack-value', step: 16, most: 128 },
    ]),
};
