import { type ClusterLine, parseClusterNodes } from '../../redis/cluster-nodes.ts';
import type { Links } from './links.ts';
import type { ClusterMember } from './types.ts';

/** A slot that is on its way, as one of the two nodes sees it. */
export interface OpenSlot {
  readonly slot: number;
  readonly kind: 'migrating' | 'importing';
  /** Id of the other node. */
  readonly peer: string;
}

export interface NodeLine extends ClusterLine {
  /** A node tells this of itself only. */
  readonly open: readonly OpenSlot[];
}

export const parseNodes = (reply: unknown): readonly NodeLine[] =>
  parseClusterNodes(reply).map((line) => ({ ...line, open: line.openSlots.flatMap(openSlot) }));

/** `93->-id` leaves for the node, `93-<-id` comes from it. */
function openSlot(word: string): readonly OpenSlot[] {
  const [, slot, arrow, peer] = /^(\d+)-([<>])-(\w+)$/.exec(word) ?? [];
  if (slot === undefined || peer === undefined) return [];
  return [{ slot: Number(slot), kind: arrow === '>' ? 'migrating' : 'importing', peer }];
}

/** What a server says of all, and of itself. */
export interface View {
  readonly member: ClusterMember;
  readonly self: NodeLine;
  readonly lines: readonly NodeLine[];
}

/** Asks every server; those that do not answer are left out. */
export async function askViews(members: readonly ClusterMember[], links: Links): Promise<readonly View[]> {
  const views = await Promise.all(
    members.map(async (member) => {
      const reply = await links.call(member, 'CLUSTER', 'NODES').catch(() => undefined);
      const lines = reply === undefined ? [] : parseNodes(reply);
      const self = lines.find(({ flags }) => flags.includes('myself'));
      return self ? [{ member, self, lines }] : [];
    }),
  );
  return views.flat();
}

export const isPrimary = ({ flags }: NodeLine) => flags.includes('master');

/** Who holds which slot: what primaries say of themselves, and of two that say the same the later one. */
export function ownersIn(views: readonly View[]): readonly (View | undefined)[] {
  const owners = new Array<View | undefined>(16_384).fill(undefined);
  const primaries = views.filter(({ self }) => isPrimary(self)).sort((a, b) => a.self.epoch - b.self.epoch);
  for (const view of primaries)
    for (const [first, last] of view.self.ranges) owners.fill(view, first, last + 1);
  return owners;
}
