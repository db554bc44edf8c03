import type { NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';

/** Whether it writes to disk; undefined where that cannot be known. */
export function keeps(node: NodeFacts): boolean | undefined {
  const log = setting(node, 'appendonly') ?? { 1: 'yes', 0: 'no' }[node.info?.aof_enabled ?? ''];
  const points = setting(node, 'save');
  if (log === 'yes' || (points !== undefined && points !== '' && points !== '""')) return true;
  return log === undefined || points === undefined ? undefined : false;
}
