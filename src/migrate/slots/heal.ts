import type { Shard } from './shards.ts';
import { isPrimary, ownersIn, type View } from './view.ts';

/** What is to be done about a slot that an earlier run left open. */
export type Cure =
  /** Bring the move to its end. */
  | { readonly kind: 'finish'; readonly slot: number; readonly from: Shard; readonly to: Shard }
  /** Nothing lies elsewhere: the node forgets that the slot was on its way. */
  | { readonly kind: 'close'; readonly slot: number; readonly at: Shard };

export interface Found {
  readonly views: readonly View[];
  readonly shards: readonly Shard[];
  /** Slots that a node has keys of though it does not own them, by node id. */
  readonly strays: ReadonlyMap<string, ReadonlySet<number>>;
}

/**
 * Open slots and their cures. A slot goes to whoever imports it or has keys of it: they exist nowhere else. Where a target
 * lost its mark in a failover, the keys tell.
 */
export function curesFor({ views, shards, strays }: Found): readonly Cure[] {
  const owners = ownersIn(views);
  const shardOf = (id: string | undefined) =>
    shards.find(({ members }) => members.some((member) => member.id === id));
  const primaries = views.filter(({ member }) => shards.some(({ primary }) => primary === member));
  const open = new Set(primaries.flatMap(({ self }) => self.open.map(({ slot }) => slot)));
  return [...open]
    .sort((a, b) => a - b)
    .flatMap((slot): readonly Cure[] => {
      const owner = shardOf(owners[slot]?.member.id);
      if (!owner) return [];
      const marked = primaries.filter(({ self }) => self.open.some((one) => one.slot === slot));
      const importing = marked.find(
        ({ member, self }) =>
          member !== owner.primary && self.open.some((one) => one.slot === slot && one.kind === 'importing'),
      );
      const holding = [...strays].find(([id, slots]) => id !== owner.primary.id && slots.has(slot));
      const to = shardOf(importing?.member.id ?? holding?.[0]);
      if (to && to !== owner) return [{ kind: 'finish', slot, from: owner, to }];
      return marked.flatMap(({ member, self }): readonly Cure[] => {
        const at = isPrimary(self) ? shardOf(member.id) : undefined;
        return at ? [{ kind: 'close', slot, at }] : [];
      });
    });
}
