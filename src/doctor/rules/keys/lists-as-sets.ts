import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration, many } from '../../words.ts';
import { commandOf, evidenceOf, meanUsec } from '../patterns/calls.ts';

const SEARCHES = ['lrem', 'lpos', 'linsert'] as const;
const FEW_CALLS = 1000;
/** A list of some hundred elements; shorter ones may well be searched. */
const SLOW_USEC = 50;

export const listsAsSets: Rule = {
  id: 'lists-as-sets',
  group: 'keys',
  severity: 'warning',
  title: 'Long lists searched for an element',
  looksAt: ['cmdstat_lrem', 'cmdstat_lpos', 'cmdstat_linsert'],
  why: 'A list finds an element only by walking to it, so that each call takes longer with the length. A set or a hash finds it at once, a sorted set keeps an order too.',
  fix: 'Use a set for membership, a sorted set for order (ZADD with the time as score), a stream or LMOVE for work in progress.',
  sources: [
    'https://redis.io/docs/latest/commands/lrem/',
    'https://redis.io/docs/latest/commands/lpos/',
    'https://redis.io/docs/latest/develop/data-types/sets/',
  ],
  find: ({ nodes }) => nodes.filter(({ role }) => role !== 'replica').flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  return SEARCHES.flatMap((name): readonly Found[] => {
    const command = commandOf(node, name);
    if (command === undefined || command.calls < FEW_CALLS || meanUsec(command) < SLOW_USEC) return [];
    return [
      {
        at: node.name,
        message: `${many(command.calls, 'call')} of ${name.toUpperCase()} took ${duration(meanUsec(command))} on average: long lists are searched element by element.`,
        evidence: evidenceOf(command),
        remedy:
          'Use a set where it is asked whether something is there, and a sorted set where order matters too.',
      },
    ];
  });
}
