import type { StackModel } from '../../model/types.ts';
import type { Step } from '../step.ts';
import { clients, everybody } from '../steps/clients.ts';
import { growCluster, shrinkCluster } from '../steps/cluster-nodes.ts';
import { files, secrets } from '../steps/files.ts';
import { settle } from '../steps/settle.ts';
import { balance } from '../steps/slots.ts';

/** A cluster gets other nodes; slots move under load. */
export function reshard(before: StackModel, after: StackModel): readonly Step[] {
  const kept = new Set(after.nodes.map(({ name }) => name));
  const shrinks = before.nodes.some(({ name }) => !kept.has(name));
  const moves = clients({ among: everybody });
  return [secrets, files, growCluster, moves, balance, ...(shrinks ? [shrinkCluster] : []), settle];
}
