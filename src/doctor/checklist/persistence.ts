import type { Facts, NodeFacts } from '../facts.ts';
import { isCache, setting } from '../read-facts.ts';
import { keeps } from '../rules/keys/keeps.ts';
import type { ChecklistItem } from '../types.ts';

export const persistence: ChecklistItem = {
  id: 'persistence',
  question: 'Is it decided what survives a restart?',
  why: 'An append-only file loses a second at most, snapshots minutes, nothing at all everything. A cache may do without; what has no other copy may not.',
  answer(facts) {
    const { nodes } = facts;
    const evidence = nodes.slice(0, 8).map(words);
    const kept = nodes.map(keeps);
    if (nodes.length > 0 && kept.every((one) => one === true)) return { answer: 'yes', evidence };
    if (decidedAgainst(facts)) {
      return {
        answer: 'yes',
        evidence: [...evidence, 'These are caches: what they hold can be made again.'],
      };
    }
    return { answer: kept.includes(false) ? 'no' : 'unseen', evidence };
  },
};

const decidedAgainst = (facts: Facts): boolean =>
  isCache(facts) === true && facts.nodes.every((node) => keeps(node) !== undefined);

function words(node: NodeFacts): string {
  const log = setting(node, 'appendonly') ?? node.info?.aof_enabled ?? '?';
  return `${node.name}: appendonly:${log}, save:"${setting(node, 'save') ?? '?'}"`;
}
