import { STRINGS_PER_HASH } from '../../savings/strings.ts';
import type { Rule } from '../../types.ts';
import { inWords, saved, savesOf } from './saving.ts';

export const smallStrings: Rule = {
  id: 'small-strings',
  group: 'memory',
  severity: 'warning',
  title: 'Many small strings that could share hashes',
  looksAt: [
    'SCAN',
    'OBJECT ENCODING',
    'MEMORY USAGE',
    'PTTL',
    'hash-max-listpack-entries',
    'hash-max-listpack-value',
  ],
  why: 'Each key has an entry in the table of keys, a header and a name of its own. A field of a small hash has a few bytes beside its content.',
  fix: `Keep about ${STRINGS_PER_HASH} of them in one hash: the name without its last two digits is the key, these digits are the field. A field is not evicted alone, and expires alone only in Redis 7.4, Valkey 9.0 and later.`,
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
    'https://valkey.io/topics/memory-optimization/',
  ],
  find: (facts) => {
    const one = saved(facts, (_, { change }) => change === 'strings-in-hashes');
    const [most] = one?.groups ?? [];
    if (!one || !most) return [];
    return [
      {
        ...savesOf(facts, one),
        message: `Strings without a TTL whose names end in a number would save ${inWords(one)} as fields of hashes, where numbers follow one another.`,
        remedy: `Use HSET and HGET with the name without its last two digits as the key and these as the field, so that ${STRINGS_PER_HASH} values share a hash. With sparse numbers leave out more digits, so that a hash has about as many.`,
      },
    ];
  },
};
