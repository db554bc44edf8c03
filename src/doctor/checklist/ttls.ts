import type { Facts } from '../facts.ts';
import { isCache, primaries } from '../read-facts.ts';
import { keysAndTtls } from '../rules/keys/ttls.ts';
import type { ChecklistItem } from '../types.ts';
import { count, percent } from '../words.ts';

/** Of the keys of a cache. */
const NEARLY_ALL = 0.95;

export const ttls: ChecklistItem = {
  id: 'ttls',
  question: 'Do keys that are not meant to stay have a TTL?',
  why: 'What is written without a TTL stays until somebody deletes it or memory is full.',
  answer(facts) {
    const { keys, expires, evidence } = counted(facts);
    if (keys === 0) return { answer: 'unseen', evidence };
    if (isCache(facts) === true) {
      return { answer: expires / keys >= NEARLY_ALL ? 'yes' : 'no', evidence };
    }
    if (expires > 0) return { answer: 'yes', evidence };
    return {
      answer: 'unseen',
      evidence: [...evidence, 'Whether keys are meant to stay is not written anywhere.'],
    };
  },
};

function counted(facts: Facts): { keys: number; expires: number; evidence: readonly string[] } {
  const seen = primaries(facts).filter(({ info }) => info !== undefined);
  const each = seen.map((node) => ({ node, ...keysAndTtls(node) }));
  const keys = each.reduce((sum, one) => sum + one.keys, 0);
  const expires = each.reduce((sum, one) => sum + one.expires, 0);
  if (seen.length === 0) return { keys, expires, evidence: ['No primary could be asked.'] };
  if (keys === 0) return { keys, expires, evidence: ['There are no keys yet.'] };
  const total = `${count(expires)} of ${count(keys)} keys (${percent(expires / keys)}) have a TTL.`;
  return {
    keys,
    expires,
    evidence: [
      total,
      ...each.slice(0, 6).map((one) => `${one.node.name}: keys=${one.keys},expires=${one.expires}`),
    ],
  };
}
