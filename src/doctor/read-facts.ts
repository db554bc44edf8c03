import type { Facts, Info, NodeFacts } from './facts.ts';

/** The number in a field of INFO; undefined where it is missing or no number. */
export function number(info: Info | undefined, name: string): number | undefined {
  const text = info?.[name];
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}

/** The value of a setting: CONFIG GET, else INFO where that tells it too. */
export function setting(node: NodeFacts, name: string): string | undefined {
  const known = node.settings?.[name];
  if (known !== undefined) return known;
  return { maxmemory: node.info?.maxmemory, 'maxmemory-policy': node.info?.maxmemory_policy }[name];
}

/** A size setting in bytes, as CONFIG GET gives them or as a directive is written: `268435456`, `256mb`, `1g`. */
export function bytesOf(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmg]b?)?$/i.exec(text?.trim() ?? '') ?? [];
  if (digits === undefined) return undefined;
  const base = unit.length === 1 ? 1000 : 1024;
  const power = 'kmg'.indexOf(unit.charAt(0).toLowerCase() || ' ') + 1;
  return Number(digits) * base ** power;
}

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
