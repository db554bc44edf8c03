import type { Rule } from '../../types.ts';
import { encodingFindings } from './encoding-finding.ts';

export const hashEncoding: Rule = {
  id: 'hash-encoding',
  group: 'memory',
  severity: 'warning',
  title: 'Hashes in the large encoding',
  looksAt: [
    'OBJECT ENCODING',
    'MEMORY USAGE',
    'HSCAN of sampled keys',
    'hash-max-listpack-entries',
    'hash-max-listpack-value',
  ],
  why: 'A hash of few short fields is kept as a listpack, one piece of memory without pointers. Past either setting it becomes a hash table, which takes two to four times as much.',
  fix: 'Raise the setting to what the keys need, to 512 fields and 128 bytes at most: a listpack is read from its start, so larger ones cost time. Then write the keys anew.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
    'https://valkey.io/topics/memory-optimization/',
  ],
  find: (facts) =>
    encodingFindings(facts, 'hash', [
      { setting: 'hash-max-listpack-entries', step: 64, most: 512 },
      { setting: 'hash-max-listpack-value', step: 16, most: 128 },
    ]),
};
