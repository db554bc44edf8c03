import type { Problem } from '../problem.ts';
import type { StackSpec } from './types.ts';

/** Do these answers go together? Each rule looks at a complete spec and gives the problems it sees. */
export type Rule = (spec: StackSpec) => readonly Problem[];

export function isReplicated(spec: StackSpec): boolean {
  return spec.topology.kind !== 'standalone' && spec.topology.replicas > 0;
}
