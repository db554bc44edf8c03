import { ProblemError, problem } from '../../problem.ts';
import type { Words } from '../../redis/connection.ts';
import { type Links, LostNode, Refusal } from './links.ts';
import type { ClusterMember, ShardWish } from './types.ts';
import { isPrimary, type View } from './view.ts';

/** Servers that stand in for each other. Who is primary changes when one fails. */
export interface Shard {
  readonly members: readonly ClusterMember[];
  readonly share: number;
  primary: ClusterMember;
}

/** Throws where a wish names a stranger, or no server of a shard is primary. */
export function findShards(
  members: readonly ClusterMember[],
  wishes: readonly ShardWish[],
  views: readonly View[],
): readonly Shard[] {
  return wishes.map(({ ids, share }) => {
    const own = ids.map((id) => {
      const member = members.find((one) => one.id === id);
      if (!member) throw new Error(`no server has the id ${id}`);
      return member;
    });
    return { members: own, share, primary: primaryAmong(own, views) };
  });
}

/** A primary that was away may still think that it is one: the one with slots and the latest epoch is. */
function primaryAmong(members: readonly ClusterMember[], views: readonly View[]): ClusterMember {
  const [first] = views
    .filter(({ member, self }) => members.includes(member) && isPrimary(self))
    .sort(
      (a, b) =>
        Number(b.self.ranges.length > 0) - Number(a.self.ranges.length > 0) || b.self.epoch - a.self.epoch,
    );
  if (first) return first.member;
  throw new ProblemError(
    problem(
      'migrate/no-primary',
      members.map(({ name }) => name).join(', '),
      'None of these servers is a primary that answers.',
      'Bring them up, wait until the cluster is whole again, and run the same command once more.',
    ),
  );
}

export interface Reach {
  /** To who is primary as far as we know. */
  readonly links: Links;
  /** Valkey from 8.0 on answers an order about a slot when the replicas have it: several go out at the same time. */
  readonly waitsForReplicas: boolean;
  /** To who may have taken over: answers soon or not at all. */
  readonly scouts: Links;
}

/**
 * Gives orders to the primary, or, where that one refuses or is lost, to whichever of the shard takes them: it is the primary
 * now. A refusal that `but` matches counts as taken. Gives the replies in order.
 */
export async function orderPrimary(
  reach: Reach,
  shard: Shard,
  orders: readonly Words[],
  but?: RegExp,
): Promise<readonly unknown[]> {
  const reasons: Error[] = [];
  for (const member of [shard.primary, ...shard.members.filter((one) => one !== shard.primary)]) {
    try {
      const replies = await give(
        reach,
        member === shard.primary ? reach.links : reach.scouts,
        member,
        orders,
      );
      expectTaken(replies, but);
      shard.primary = member;
      return replies;
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof LostNode)) throw error;
      reasons.push(error);
    }
  }
  // What a server said tells more than that another one is silent.
  throw reasons.find((reason) => reason instanceof Refusal) ?? reasons[0] ?? new Error('a shard of nobody');
}

/** Orders about slots: which comes first does not matter. */
export function give(
  { waitsForReplicas }: Reach,
  by: Links,
  member: ClusterMember,
  orders: readonly Words[],
): Promise<readonly unknown[]> {
  return waitsForReplicas ? by.spread(member, orders) : by.batch(member, orders);
}

export function expectTaken(replies: readonly unknown[], but?: RegExp): void {
  const refused = replies.find(
    (reply): reply is Error => reply instanceof Error && but?.test(reply.message) !== true,
  );
  if (refused) throw new Refusal(refused.message, { cause: refused });
}
