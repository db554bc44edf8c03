import type { Rule } from '../../types.ts';
import { inWords, saved, savesOf } from './saving.ts';

export const integerStrings: Rule = {
  id: 'integer-strings',
  group: 'memory',
  severity: 'warning',
  title: 'Whole numbers that are kept as texts',
  looksAt: ['OBJECT ENCODING', 'MEMORY USAGE', 'GETRANGE of sampled strings of up to 24 bytes'],
  why: 'A string that is a whole number as a server writes it takes no memory beside its key. With quotes, spaces, a plus sign, leading zeros or a decimal point, or after APPEND, it is kept as a text.',
  fix: 'Write such values as plain digits, where the rest is not part of their meaning as in a telephone number, and set those that exist again.',
  sources: ['https://redis.io/docs/latest/commands/object-encoding/'],
  find: (facts) => {
    const one = saved(facts, (_, { change }) => change === 'integer-strings');
    if (!one) return [];
    return [
      {
        ...savesOf(facts, one),
        message: `Whole numbers are kept as texts; written as plain digits they would save ${inWords(one)}.`,
        remedy:
          'Write these values without quotes, spaces, plus sign, leading zeros and decimal point, unless that is part of their meaning, and SET those that exist again.',
      },
    ];
  },
};
