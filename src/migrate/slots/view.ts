import type { Links } from './links.ts';
import { parseRange } from './ranges.ts';
import type { ClusterMember, SlotRange } from './types.ts';

/** A slot that is on its way, as one of the two nodes sees it. */
export interface OpenSlot {
  readonly slot: number;
  readonly kind: 'migrating' | 'importing';
  /** Id of the other node. */
  readonly peer: string;
}

/** One line of CLUSTER NODES. */
export interface NodeLine {
  readonly id: string;
  readonly flags: readonly string[];
  /** Id of the primary that a replica follows. */
  readonly primaryId: string | undefined;
  readonly epoch: number;
  readonly connected: boolean;
  readonly ranges: readonly SlotRange[];
  /** A node tells this of itself only. */
  readonly open: readonly OpenSlot[];
}

export function parseNodes(reply: unknown): readonly NodeLine[] {
  return String(reply)
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', , flags = '', primaryId = '-', , , epoch = '0', link = '', ...slots] = line.split(' ');
      return {
        id,
        flags: flags.split(','),
        primaryId: primaryId === '-' ? undefined : primaryId,
        epoch: Number(epoch),
        connected: link === 'connected',
        ranges: slots.map(parseRange).filter((range) => range !== undefined),
        open: slots.flatMap(openSlot),
      };
    });
}

/** `[93->-id]` leaves for the node, `[93-<-id]` comes from it. */
function openSlot(word: string): readonly OpenSlot[] {
  const [, slot, arrow, peer] = /^\[(\d+)-([<>])-(\w+)\]$/.exec(word) ?? [];
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
