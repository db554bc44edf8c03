import { slotOf } from '../../templates/client/src/slot.ts';
import { dataNodes } from '../model/build.ts';
import type { StackModel, StackNode } from '../model/types.ts';
import { parseClusterNodes, type SlotRange } from '../redis/cluster-nodes.ts';
import type { Connection } from '../redis/connection.ts';
import { parseFields } from '../redis/replies.ts';
import type { Connections } from './connections.ts';

/** Who is responsible for which key just now. */
export interface Ownership {
  /** Nodes that take writes. */
  readonly primaries: readonly StackNode[];
  readonly ownerOf: (key: Buffer) => StackNode | undefined;
}

/** Asks the nodes themselves. Rejects where nobody can tell. */
export async function findOwners(placed: StackModel, connections: Connections): Promise<Ownership> {
  return placed.joins ? slotOwners(placed, connections) : primaryOf(placed, connections);
}

async function fromEach<T>(
  placed: StackModel,
  connections: Connections,
  question: (connection: Connection) => Promise<T>,
): Promise<readonly (readonly [StackNode, T])[]> {
  const answers = await Promise.all(
    dataNodes(placed.nodes).map(async (node) => {
      try {
        return [[node, await question(await connections.to(node, 0))] as const];
      } catch {
        connections.forget(node);
        return [];
      }
    }),
  );
  return answers.flat();
}

/** Of several that call themselves primary the one with the most replicas is. */
async function primaryOf(placed: StackModel, connections: Connections): Promise<Ownership> {
  const seen = await fromEach(placed, connections, async (c) =>
    parseFields(await c.call('INFO', 'replication')),
  );
  const [primary] = seen
    .filter(([, info]) => info.role === 'master')
    .sort(([, a], [, b]) => Number(b.connected_slaves) - Number(a.connected_slaves));
  if (!primary) throw new Error('no node is primary');
  return { primaries: [primary[0]], ownerOf: () => primary[0] };
}

/** Who says of whom that they own which slots. */
interface Claim {
  readonly node: StackNode;
  readonly own: boolean;
  readonly ranges: readonly SlotRange[];
}

async function slotOwners(placed: StackModel, connections: Connections): Promise<Ownership> {
  const views = await fromEach(placed, connections, async (c) => String(await c.call('CLUSTER', 'NODES')));
  const claims = views.flatMap(([asked, view]) => claimsIn(view, asked, placed));
  const owners = new Array<StackNode | undefined>(16_384);
  // What a node says of itself comes last and wins.
  for (const { node, ranges } of claims.sort((a, b) => Number(a.own) - Number(b.own)))
    for (const [from, to] of ranges) owners.fill(node, from, to + 1);
  const primaries = [...new Set(owners)].filter((node) => node !== undefined);
  if (primaries.length === 0) throw new Error('no node owns a slot');
  return { primaries, ownerOf: (key) => owners[slotOf(key)] };
}

/** Every node has a port of its own, the same inside and outside, so a port tells who is meant. */
function claimsIn(view: string, asked: StackNode, placed: StackModel): readonly Claim[] {
  return parseClusterNodes(view).flatMap(({ at, flags, ranges }): Claim[] => {
    const node = placed.nodes.find((one) => one.port === at.port);
    if (!node || !flags.includes('master')) return [];
    return [{ node, own: node === asked && flags.includes('myself'), ranges }];
  });
}
