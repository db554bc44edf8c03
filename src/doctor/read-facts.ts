import { parseBytes } from '../model/bytes.ts';
import type { Facts, NodeFacts } from './facts.ts';

export { number, partOfMemory } from '../redis/replies.ts';

/** The value of a setting: CONFIG GET, else INFO where that tells it too. */
export function setting(node: NodeFacts, name: string): string | undefined {
  const known = node.settings?.[name];
  if (known !== undefined) return known;
  return { maxmemory: node.info?.maxmemory, 'maxmemory-policy': node.info?.maxmemory_policy }[name];
}

/** A size setting in bytes, as CONFIG GET gives them or as a directive is written: `268435456`, `256mb`, `1g`. */
export const bytesOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseBytes(text);

export const primaries = ({ nodes }: Facts): readonly NodeFacts[] =>
  nodes.filter(({ role }) => role === 'primary');

export const replicas = ({ nodes }: Facts): readonly NodeFacts[] =>
  nodes.filter(({ role }) => role === 'replica');

/** Whether these servers are used as a cache alone: keys may be evicted, and nothing is kept on disk or it says so. */
export function isCache(facts: Facts): boolean | undefined {
  if (facts.model) return facts.model.spec.workload.every((one) => one === 'cache');
  const policies = primaries(facts).map((node) => setting(node, 'maxmemory-policy'));
  if (policies.length === 0 || policies.includes(undefined)) return undefined;
  return policies.every((policy) => policy !== 'noeviction');
}
