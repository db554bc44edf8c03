import { humanBytes } from '../../model/bytes.ts';
import type { NodeFacts } from '../facts.ts';
import { bytesOf, setting } from '../read-facts.ts';
import type { ChecklistItem } from '../types.ts';

export const memoryLimit: ChecklistItem = {
  id: 'memory-limit',
  question: 'Is there a memory limit, and a policy for when it is reached?',
  why: 'Without maxmemory a server grows until the machine or the container ends it, and takes its neighbours along.',
  answer({ nodes }) {
    const evidence = nodes.slice(0, 8).map(words);
    const limits = nodes.map((node) => bytesOf(setting(node, 'maxmemory')));
    if (limits.includes(0)) return { answer: 'no', evidence };
    const known = nodes.every((node) => setting(node, 'maxmemory-policy') !== undefined);
    return { answer: nodes.length > 0 && known && !limits.includes(undefined) ? 'yes' : 'unseen', evidence };
  },
};

function words(node: NodeFacts): string {
  const bytes = bytesOf(setting(node, 'maxmemory'));
  const limit = bytes === undefined ? '?' : `${bytes}${bytes > 0 ? ` (${humanBytes(bytes)})` : ''}`;
  return `${node.name}: maxmemory:${limit}, maxmemory-policy:${setting(node, 'maxmemory-policy') ?? '?'}`;
}
