import { NAME_BYTES } from '../../savings/strings.ts';
import type { Rule } from '../../types.ts';
import { inWords, saved, savesOf } from './saving.ts';

export const longKeyNames: Rule = {
  id: 'long-key-names',
  group: 'memory',
  severity: 'warning',
  title: 'Long key names',
  looksAt: ['SCAN', 'MEMORY USAGE'],
  why: 'Every key keeps its whole name. With many small keys, the names take more than the values.',
  fix: `Shorten the parts that all keys of a kind have in common, such as the name of the company or of the environment. Names of ${NAME_BYTES} bytes still say what they are.`,
  sources: [
    'https://redis.io/docs/latest/develop/using-commands/keyspace/',
    'https://valkey.io/topics/keyspace/',
  ],
  find: (facts) => {
    const one = saved(facts, (_, { change }) => change === 'shorter-names');
    if (!one) return [];
    return [
      {
        ...savesOf(facts, one),
        message: `Key names of at most ${NAME_BYTES} bytes would save ${inWords(one)}.`,
        remedy:
          'Let the application read both names for a while and write the short ones, and RENAME the keys that exist. In a cluster a new name may belong to another slot: copy such keys instead.',
      },
    ];
  },
};
