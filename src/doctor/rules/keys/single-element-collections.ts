import type { KeySample, NodeFacts } from '../../facts.ts';
import { extrapolateCount } from '../../statistics.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many } from '../../words.ts';
import { sampled } from './sampled.ts';

const FEW_KEYS = 50_000;
const FEW_SAMPLED = 100;
/** On average. */
const ONE = 1.1;
const COLLECTIONS: readonly string[] = ['hash', 'list', 'set', 'zset'];

export const singleElementCollections: Rule = {
  id: 'single-element-collections',
  group: 'keys',
  severity: 'note',
  title: 'Collections with one element each',
  looksAt: ['SCAN, TYPE, HLEN, LLEN, SCARD, ZCARD'],
  why: 'Each key costs an entry in the table of keys, a name and, with a TTL, a second entry. A collection of one element adds its own header to that and gives nothing a string would not.',
  fix: 'Use a string for a single value, or put many of them as fields into one hash.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
  ],
  find: (facts) => sampled(facts).flatMap(({ node, keys }) => findOn(node, keys)),
};

function findOn(node: NodeFacts, sample: KeySample): readonly Found[] {
  return sample.groups
    .filter(
      ({ type, keys, elements }) =>
        COLLECTIONS.includes(type) && keys >= FEW_SAMPLED && elements / keys <= ONE,
    )
    .flatMap((group): readonly Found[] => {
      const { value, plusMinus } = extrapolateCount(sample, group.keys);
      if (value < FEW_KEYS) return [];
      const about = plusMinus === 0 ? many(value, 'key') : `About ${count(value)} ± ${count(plusMinus)} keys`;
      return [
        {
          at: group.prefix,
          message: `${about} of this form on ${node.name} are each a ${group.type} with one element.`,
          evidence: [`${group.keys} sampled, ${group.elements} elements in all, encoding ${group.encoding}`],
          remedy:
            'Use strings, or gather many of them as fields of one hash where they need no TTL of their own.',
        },
      ];
    });
}
