import type { Rule } from '../../types.ts';
import { encodingFindings } from './encoding-finding.ts';

export const setEncoding: Rule = {
  id: 'set-encoding',
  group: 'memory',
  severity: 'warning',
  title: 'Sets in the large encoding',
  looksAt: [
    'OBJECT ENCODING',
    'MEMORY USAGE',
    'SSCAN of sampled keys',
    'set-max-intset-entries',
    'set-max-listpack-entries',
    'set-max-listpack-value',
  ],
  why: 'A set of integers is kept as a sorted array, and a set of few short texts as a listpack. Past the settings it becomes a hash table, which takes far more.',
  fix: 'Raise the setting to what the keys need, to 1,024 integers, 512 texts and 128 bytes at most, since larger ones cost time. Then write the keys anew.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
    'https://valkey.io/topics/memory-optimization/',
  ],
  find: (facts) =>
    encodingFindings(facts, 'set', [
      { setting: 'set-max-intset-entries', step: 128, most: 1024 },
      { setting: 'set-max-listpack-entries', step: 64, most: 512 },
      { setting: 'set-max-listpack-value', step: 16, most: 128 },
    ]),
};
