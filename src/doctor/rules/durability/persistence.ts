import type { Facts, NodeFacts } from '../../facts.ts';
import { isCache, setting } from '../../read-facts.ts';

/** A line `save <seconds> <changes>`. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** Undefined where the node does not say; empty where snapshots are off. */
export function savePoints(node: NodeFacts): readonly SavePoint[] | undefined {
  const text = setting(node, 'save');
  if (text === undefined) return undefined;
  const words = (text.match(/\d+/g) ?? []).map(Number);
  return Array.from({ length: Math.floor(words.length / 2) }, (_, i) => ({
    seconds: words[2 * i] ?? 0,
    changes: words[2 * i + 1] ?? 0,
  }));
}

/** Whether writes are logged. */
export function logs(node: NodeFacts): boolean | undefined {
  const running = node.info?.aof_enabled;
  if (running !== undefined) return running === '1';
  const text = setting(node, 'appendonly');
  return text === undefined ? undefined : text === 'yes';
}

/** Whether anything reaches the disk by itself; undefined where the node does not say. */
export function persists(node: NodeFacts): boolean | undefined {
  if (logs(node)) return true;
  const points = savePoints(node);
  return points && logs(node) === false ? points.length > 0 : undefined;
}

/** Data whose loss somebody notices, as far as the model or the policy tells. */
export function mustLast(facts: Facts): boolean {
  const { model } = facts;
  if (model) return model.spec.workload.some((one) => one === 'primary-data' || one === 'queue');
  return isCache(facts) === false;
}

/** Seconds since 1970 by the clock of the server; by ours where it does not tell. */
export function clockOf({ info }: NodeFacts, facts: Facts): number {
  const usec = Number(info?.server_time_usec);
  return usec > 0 ? usec / 1e6 : facts.atSeconds;
}
