import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import { countKeys, parseFields } from '../../redis/replies.ts';
import { Links, LostNode, Refusal } from './links.ts';
import type { Cluster, ClusterMember } from './types.ts';
import { askViews, isPrimary, type View } from './view.ts';

export interface RemoveOptions {
  /** All members, also the one that leaves. One that does not answer is left out of what is asked. */
  readonly cluster: Cluster;
  /** A primary without slots, or a replica. */
  readonly member: ClusterMember;
  /**
   * How long a primary goes on sending clients with an old map to the right place before the others forget it, in ms.
   * @default 5000
   */
  readonly graceMs?: number;
  /** Ends the waiting; nothing is forgotten then. Rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Takes a node out of the cluster: the others forget it. Replicas go before their primary. It goes on running and redirecting
 * clients; the caller stops it. May be called again.
 */
export async function removeNode({ cluster, member, graceMs = 5000, signal }: RemoveOptions): Promise<void> {
  const links = new Links(cluster.credentials, 5000);
  try {
    const views = await askViews(cluster.members, links);
    const others = views.filter((view) => view.member.id !== member.id);
    expectDrained(others, member);
    const primary = views.some(({ self }) => self.id === member.id && isPrimary(self));
    if (primary) await expectNoKeys(member, links);
    if (!others.some(({ lines }) => lines.some(({ id }) => id === member.id))) return;
    if (primary) await sleep(graceMs, undefined, { ...(signal && { signal }) });
    await Promise.all(others.map((other) => forget(other.member, member, links)));
  } finally {
    links.close();
  }
}

/** Asked of the others: a node that is down already cannot say it of itself. */
function expectDrained(others: readonly View[], { id, name }: ClusterMember): void {
  const owns = others.some(({ lines }) => lines.some((one) => one.id === id && one.ranges.length > 0));
  const problems = [
    ...(owns
      ? [
          problem(
            'migrate/node-has-slots',
            name,
            'It still has slots, and cannot leave.',
            'Move its slots away first.',
          ),
        ]
      : []),
    ...others
      .filter(({ self }) => self.primaryId === id)
      .map((other) =>
        problem(
          'migrate/replica-would-be-left',
          other.member.name,
          `It follows ${name}, which is to leave.`,
          'Let it follow another primary first, or let it leave before.',
        ),
      ),
  ];
  if (problems.length > 0) throw new ProblemError(...problems);
}

async function expectNoKeys(node: ClusterMember, links: Links): Promise<void> {
  const keys = countKeys(parseFields(await links.call(node, 'INFO', 'keyspace')));
  if (keys === 0) return;
  throw new ProblemError(
    problem(
      'migrate/node-has-keys',
      node.name,
      `It has ${keys} keys of slots that others own.`,
      'See what they are (`SCAN`). Keys that do not count can be removed with `FLUSHALL` on this server alone.',
    ),
  );
}

async function forget(member: ClusterMember, node: ClusterMember, links: Links): Promise<void> {
  for (let left = 20; ; left -= 1) {
    try {
      await links.call(member, 'CLUSTER', 'FORGET', node.id);
      return;
    } catch (error) {
      if (error instanceof Refusal && /Unknown node/i.test(error.message)) return;
      if (left === 0 || !(error instanceof Refusal || error instanceof LostNode)) throw error;
      await sleep(100);
    }
  }
}
