import { setTimeout as sleep } from 'node:timers/promises';
import { type Problem, ProblemError, problem } from '../../problem.ts';
import { countKeys, parseFields } from '../../redis/replies.ts';
import { Links } from './links.ts';
import { SLOTS, toRanges } from './ranges.ts';
import type { Cluster, ClusterMember } from './types.ts';
import { askViews, isPrimary, ownersIn, type View } from './view.ts';

export interface Verdict {
  /** What is not as it should be, in sentences without a full stop; empty when all is well. */
  readonly missing: readonly string[];
  /** Keys of each primary by its name, over all databases. */
  readonly keys: ReadonlyMap<string, number>;
}

/** Asks every server: all slots have one owner, none is on its way, and all say the same. Never rejects. */
export async function verifyCluster({ members, credentials }: Cluster, timeoutMs = 3000): Promise<Verdict> {
  const links = new Links(credentials, timeoutMs);
  try {
    const views = await askViews(members, links);
    const silent = members.filter((member) => views.every((view) => view.member !== member));
    const replies = await Promise.all(views.map((view) => healthOf(view, links)));
    return {
      missing: [
        ...silent.map(({ name }) => `${name} answers`),
        ...slotsMissing(views),
        ...disagreements(views),
        ...replies.flatMap(({ missing }) => missing),
      ],
      keys: new Map(
        replies.filter(({ view }) => isPrimary(view.self)).map(({ view, keys }) => [view.member.name, keys]),
      ),
    };
  } finally {
    links.close();
  }
}

/** Waits until all is well; rejects with a ProblemError that says what is not. `timeoutMs` is at least one question. */
export async function expectWhole(cluster: Cluster, timeoutMs = 30_000): Promise<Verdict> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const verdict = await verifyCluster(cluster);
    if (verdict.missing.length === 0) return verdict;
    if (performance.now() > end) throw new ProblemError(notWhole(verdict, timeoutMs));
    await sleep(200);
  }
}

function notWhole({ missing }: Verdict, timeoutMs: number): Problem {
  return {
    ...problem(
      'migrate/cluster-not-whole',
      'cluster',
      `It is not whole after ${Math.round(timeoutMs / 1000)} s. Still missing:`,
      'See to these servers, and run the same command once more.',
    ),
    detail: missing,
  };
}

function slotsMissing(views: readonly View[]): readonly string[] {
  const owners = ownersIn(views);
  const orphans = toRanges(owners.flatMap((owner, slot) => (owner ? [] : [slot])));
  const claims = views.filter(({ self }) => isPrimary(self)).flatMap(({ self }) => self.ranges);
  const claimed = claims.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return [
    ...orphans.map((range) => `slots ${range.join('-')} have an owner`),
    ...(claimed > SLOTS - orphans.length ? ['no slot has two owners'] : []),
    ...views.flatMap(({ member, self }) =>
      self.open.map(({ slot }) => `slot ${slot} is no longer on its way at ${member.name}`),
    ),
  ];
}

/** Slots by owner, and replicas by primary, as one server sees them. */
function picture({ lines }: View): string {
  return lines
    .filter(({ ranges, primaryId }) => ranges.length > 0 || primaryId !== undefined)
    .map(({ id, ranges, primaryId }) => `${id} ${primaryId ?? ''} ${ranges.join(' ')}`)
    .sort()
    .join('\n');
}

function disagreements(views: readonly View[]): readonly string[] {
  const [first, ...others] = views;
  if (!first) return [];
  return [
    ...others
      .filter((view) => picture(view) !== picture(first))
      .map(({ member }) => `${member.name} sees the same owners as ${first.member.name}`),
    ...views.flatMap(({ member, lines }) =>
      lines
        .filter(({ flags }) => flags.some((flag) => /^(fail\??|handshake|noaddr)$/.test(flag)))
        .map(({ id }) => `${member.name} reaches ${nameOf(views, id)}`),
    ),
  ];
}

const nameOf = (views: readonly View[], id: string) =>
  views.find(({ member }) => member.id === id)?.member.name ?? id;

interface Health {
  readonly view: View;
  readonly missing: readonly string[];
  readonly keys: number;
}

async function healthOf(view: View, links: Links): Promise<Health> {
  const { member } = view;
  const none = { view, keys: 0 };
  try {
    const [cluster, replication, keyspace] = await links.batch(member, [
      ['CLUSTER', 'INFO'],
      ['INFO', 'replication'],
      ['INFO', 'keyspace'],
    ]);
    const state = parseFields(cluster).cluster_state === 'ok' ? [] : [`${member.name} calls the cluster ok`];
    return {
      view,
      missing: [...state, ...unlinked(member, replication)],
      keys: countKeys(parseFields(keyspace)),
    };
  } catch {
    return { ...none, missing: [`${member.name} answers`] };
  }
}

function unlinked(member: ClusterMember, replication: unknown): readonly string[] {
  const { role, master_link_status: link } = parseFields(replication);
  return role === 'slave' && link !== 'up' ? [`${member.name} is linked to its primary`] : [];
}
