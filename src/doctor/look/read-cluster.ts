import { parseClusterNodes } from '../../redis/cluster-nodes.ts';
import type { ClusterNode } from '../facts.ts';

export const nodesOf = (reply: unknown): readonly ClusterNode[] =>
  parseClusterNodes(reply)
    .filter(({ id }) => /^[0-9a-f]{40}$/.test(id))
    .map(({ ranges, epoch: _epoch, ...line }) => ({
      ...line,
      slots: ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    }));

/** CLUSTER SLOTS, for who may not ask for NODES: nodes without slots, and what is on the move, are not in it. */
export function nodesOfSlots(reply: unknown): readonly ClusterNode[] {
  const nodes = new Map<string, ClusterNode>();
  for (const [from, to, ...members] of Array.isArray(reply) ? (reply as readonly Range[]) : []) {
    const all = members.map((member, i) => memberOf(member, i === 0 ? undefined : String(members[0]?.[2])));
    for (const node of all) {
      const slots = node.primaryId === undefined ? to - from + 1 : 0;
      nodes.set(node.id, { ...node, slots: (nodes.get(node.id)?.slots ?? 0) + slots });
    }
  }
  return [...nodes.values()];
}

type Member = readonly [host: unknown, port: number, id: string];
type Range = readonly [from: number, to: number, ...members: readonly Member[]];

const memberOf = ([host, port, id]: Member, primaryId: string | undefined): ClusterNode => ({
  id,
  at: { host: String(host ?? ''), port },
  hostname: undefined,
  flags: [primaryId === undefined ? 'master' : 'slave'],
  primaryId,
  linkUp: true,
  slots: 0,
  openSlots: [],
});
