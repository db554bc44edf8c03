import { setTimeout as sleep } from 'node:timers/promises';
import type { StackNode } from '../../model/types.ts';
import { type Connection, openConnection, withConnection } from '../../redis/connection.ts';
import { parseFields, parsePairs } from '../../redis/replies.ts';
import { groupsOf } from './survey.ts';
import type { LiveContext } from './types.ts';

/** Sentinel asks replicas every ten seconds, and chooses none whose last answer came from before it was in step. */
const SENTINEL_SEES_MS = 30_000;

/** Longer than a failover takes, and short enough that clients outlive it if this process dies meanwhile. */
const PAUSE_MS = 15_000;

/** What it takes to hand over, however the nodes run. */
export type HandOverContext = Pick<LiveContext, 'placed' | 'credentials' | 'onProgress'>;

const at = (node: StackNode) => ({ host: node.ip, port: node.port });

/**
 * Makes a replica the primary before the present one stops, and loses no acknowledged write. False where the node has
 * nobody to hand over to.
 */
export async function handOver(ctx: HandOverContext, primary: StackNode): Promise<boolean> {
  const { sentinels } = groupsOf(ctx);
  return sentinels.length > 0 ? handOverBySentinel(ctx, primary, sentinels) : handOverInCluster(ctx, primary);
}

/**
 * Writes are paused, every replica catches up, and only then is the failover asked for. The old primary stays paused:
 * until it stops it must not acknowledge what nobody would have.
 */
async function handOverBySentinel(
  ctx: HandOverContext,
  primary: StackNode,
  sentinels: readonly StackNode[],
): Promise<boolean> {
  const name = ctx.placed.sentinel?.primaryName ?? '';
  const [first] = sentinels;
  if (!first) return false;
  const { data } = groupsOf(ctx);
  const others = data.length - 1;
  if (others > 0) {
    ctx.onProgress('waiting until the Sentinels see every replica in step');
    await within(SENTINEL_SEES_MS, `Sentinel saw ${others} replicas in step`, async () =>
      withConnection(at(first), ctx.credentials, async (c) => (await replicasInStep(c, name)) >= others),
    );
  }
  const old = await openConnection(at(primary), ctx.credentials);
  try {
    if (parseFields(await old.call('INFO', 'replication')).connected_slaves === '0') return false;
    await old.call('CLIENT', 'PAUSE', String(PAUSE_MS), 'WRITE');
    await within(5000, 'its replicas caught up', () => replicasCaughtUp(old));
    await withConnection(at(first), ctx.credentials, async (c) => {
      await c.call('SENTINEL', 'FAILOVER', name);
      await within(PAUSE_MS - 5000, 'the Sentinels name another primary', async () => {
        const facts = parsePairs(await c.call('SENTINEL', 'MASTER', name));
        return Number(facts.port) !== primary.port && !facts.flags?.includes('failover_in_progress');
      });
    });
    return true;
  } catch (error) {
    await old.call('CLIENT', 'UNPAUSE').catch(ended);
    throw error;
  } finally {
    old.close();
  }
}

/** How many replicas a Sentinel would promote. */
async function replicasInStep(sentinel: Connection, name: string): Promise<number> {
  const replicas = ((await sentinel.call('SENTINEL', 'REPLICAS', name)) as unknown[]).map(parsePairs);
  return replicas.filter(
    (facts) =>
      facts.flags === 'slave' &&
      facts['master-link-status'] === 'ok' &&
      facts['master-link-down-time'] === '0',
  ).length;
}

/** The old primary may have ended meanwhile; the pause ends with it. */
function ended(): void {}

async function replicasCaughtUp(primary: Connection): Promise<boolean> {
  const info = parseFields(await primary.call('INFO', 'replication'));
  const replicas = Object.entries(info).filter(([key]) => /^slave\d+$/.test(key));
  return replicas.every(([, line]) => line.includes(`offset=${info.master_repl_offset},`));
}

/** CLUSTER FAILOVER on a replica does all of it: pause, catch up, take over. */
async function handOverInCluster(ctx: HandOverContext, primary: StackNode): Promise<boolean> {
  const { data } = groupsOf(ctx);
  const siblings = data.filter((node) => node.shard === primary.shard && node !== primary);
  for (const replica of siblings) {
    const info = await withConnection(at(replica), ctx.credentials, async (c) =>
      parseFields(await c.call('INFO', 'replication')),
    );
    if (info.role !== 'slave' || info.master_link_status !== 'up') continue;
    await withConnection(at(replica), ctx.credentials, async (c) => {
      await c.call('CLUSTER', 'FAILOVER');
      await within(
        PAUSE_MS,
        `${replica.name} took over`,
        async () => parseFields(await c.call('INFO', 'replication')).role === 'master',
      );
    });
    return true;
  }
  return false;
}

async function within(timeoutMs: number, what: string, ask: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await sleep(25);
  }
}
