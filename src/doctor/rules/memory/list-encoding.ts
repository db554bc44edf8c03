import type { Rule } from '../../types.ts';
import { inWords, saved, savesOf, setEverywhere } from './saving.ts';

const SETTING = 'list-max-listpack-size';
const USUAL = '-2';

export const listEncoding: Rule = {
  id: 'list-encoding',
  group: 'memory',
  severity: 'warning',
  title: 'Lists in small nodes',
  looksAt: ['OBJECT ENCODING', 'MEMORY USAGE', 'LRANGE of sampled keys', SETTING],
  why: 'A long list is a chain of nodes. Each node costs about fifty bytes beside its elements, so nodes of few elements waste memory.',
  fix: `Set ${SETTING} to ${USUAL}, which is what servers come with: nodes of up to 8 KiB. Then write the lists anew.`,
  sources: ['https://github.com/redis/redis/blob/7.0/redis.conf'],
  find: (facts) => {
    const one = saved(facts, (_, { change }) => change === SETTING);
    if (!one) return [];
    const effect = 'Lists that are written from now on have nodes of up to 8 KiB.';
    return [
      {
        ...savesOf(facts, one),
        message: `${SETTING} ${USUAL} would save ${inWords(one)}.`,
        remedy: `Set ${SETTING} to ${USUAL}, in the configuration file too. Lists that exist keep their nodes until their elements are pushed anew.`,
        fixes: setEverywhere(facts, SETTING, USUAL, effect),
      },
    ];
  },
};
