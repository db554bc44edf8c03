import { ProblemError, problem } from '../../problem.ts';
import { parseFields, parsePairs } from '../../redis/replies.ts';
import type { Links } from './links.ts';
import { chunksOf, SLOTS, slotsOf, toRanges } from './ranges.ts';
import type { Reach, Shard } from './shards.ts';
import type { Way } from './types.ts';
import { askViews, ownersIn, type View } from './view.ts';

/** What the primaries are and can do. */
export interface Abilities {
  readonly way: Way;
  /** Databases of a node that may hold keys. */
  readonly databases: number;
  readonly nodeTimeoutMs: number;
  readonly waitsForReplicas: boolean;
}

/**
 * Valkey moves ranges of slots by itself from 9.0 on. Not where a cluster has several databases: writes during such a move
 * can end up in another one (measured with 9.1.2).
 */
export async function askAbilities(links: Links, shards: readonly Shard[]): Promise<Abilities> {
  const answers = await Promise.all(
    shards.map(async ({ primary }) => {
      const [server, databases, timeout] = await links.batch(primary, [
        ['INFO', 'server'],
        ['CONFIG', 'GET', 'cluster-databases'],
        ['CONFIG', 'GET', 'cluster-node-timeout'],
      ]);
      return {
        valkey: Number.parseFloat(parseFields(server).valkey_version ?? '0'),
        databases: Number(parsePairs(databases)['cluster-databases'] ?? 1),
        nodeTimeoutMs: Number(parsePairs(timeout)['cluster-node-timeout'] ?? 15_000),
      };
    }),
  );
  const databases = Math.max(...answers.map((one) => one.databases));
  const atomic = databases === 1 && answers.every(({ valkey }) => valkey >= 9);
  return {
    way: atomic ? 'atomic' : 'by-key',
    databases,
    nodeTimeoutMs: Math.min(...answers.map((one) => one.nodeTimeoutMs)),
    waitsForReplicas: answers.some(({ valkey }) => valkey >= 8),
  };
}

/** Views of all; throws where slots belong to nobody or to servers that no shard names. */
export async function askWholeCluster({ links }: Reach, shards: readonly Shard[]): Promise<readonly View[]> {
  const views = await askViews(
    shards.flatMap(({ members }) => members),
    links,
  );
  const lacking = ownersIn(views).filter((owner) => owner === undefined).length;
  if (lacking === 0) return views;
  throw new ProblemError(
    problem(
      'migrate/slots-without-owner',
      'cluster',
      `${lacking} of ${SLOTS} slots belong to no server that answers.`,
      'Wait until the cluster is whole, and run the same command once more.',
    ),
  );
}

/** Slots asked about in one go, so that clients are served in between. */
const LOOK = 256;

/** How many keys each of these slots has on a server, over all databases. */
export async function countKeysIn(
  { links }: Reach,
  { primary }: Shard,
  slots: readonly number[],
  databases: number,
): Promise<readonly number[]> {
  const counts = new Map(slots.map((slot) => [slot, 0]));
  for (let database = 0; database < databases; database += 1)
    for (const some of chunksOf(toRanges(slots), LOOK).map(slotsOf)) {
      const [, ...replies] = await links.batch(primary, [
        databases > 1 ? ['SELECT', String(database)] : ['PING'],
        ...some.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]),
      ]);
      for (const [i, slot] of some.entries())
        counts.set(slot, (counts.get(slot) ?? 0) + Number(replies[i] ?? 0));
    }
  return slots.map((slot) => counts.get(slot) ?? 0);
}

/** Slots of which a primary has keys though another one owns them, by its id. */
export async function findStrays(
  reach: Reach,
  shards: readonly Shard[],
  views: readonly View[],
  databases: number,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const owners = ownersIn(views);
  const rows = await Promise.all(
    shards.map(async (shard) => {
      const foreign = owners.flatMap((owner, slot) => (owner?.member === shard.primary ? [] : [slot]));
      const counts = await countKeysIn(reach, shard, foreign, databases);
      return [shard.primary.id, new Set(foreign.filter((_, i) => (counts[i] ?? 0) > 0))] as const;
    }),
  );
  return new Map(rows);
}
