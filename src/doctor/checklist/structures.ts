import { largeKeys } from '../rules/keys/large-keys.ts';
import { largeObjects } from '../rules/keys/large-objects.ts';
import { listsAsSets } from '../rules/keys/lists-as-sets.ts';
import { sampled } from '../rules/keys/sampled.ts';
import { singleElementCollections } from '../rules/keys/single-element-collections.ts';
import { wholeValueRewrites } from '../rules/keys/whole-value-rewrites.ts';
import type { ChecklistItem } from '../types.ts';
import { count } from '../words.ts';

const RULES = [largeKeys, largeObjects, listsAsSets, wholeValueRewrites, singleElementCollections];
/** A note on a few of many keys does not make the whole ill chosen. */
const JUDGED = RULES.filter(({ severity }) => severity !== 'note');

export const structures: ChecklistItem = {
  id: 'structures',
  question: 'Are the data structures well chosen?',
  why: 'The structure decides what a command costs, how much memory an element takes, and whether data can be spread over nodes.',
  answer(facts) {
    const looks = sampled(facts);
    const looked = looks.reduce((sum, { keys }) => sum + keys.looked, 0);
    const bad = JUDGED.flatMap((rule) =>
      rule.find(facts).filter(({ severity }) => (severity ?? rule.severity) !== 'note'),
    );
    if (bad.length > 0) {
      return { answer: 'no', evidence: bad.slice(0, 5).map(({ at, message }) => `${at}: ${message}`) };
    }
    if (looked === 0) {
      return {
        answer: 'unseen',
        evidence: [looks.length > 0 ? 'There are no keys yet.' : 'No key could be looked at.'],
      };
    }
    const all = looks.reduce((sum, { keys }) => sum + keys.keys, 0);
    const notes = RULES.flatMap((rule) => rule.find(facts)).length;
    return {
      answer: 'yes',
      evidence: [
        `${count(looked)} of ${count(all)} keys looked at: no collection or string that is far too large, no list that is searched.`,
        ...(notes > 0 ? [`${notes} notes on single forms of keys.`] : []),
      ],
    };
  },
};
