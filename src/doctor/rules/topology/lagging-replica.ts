import { humanBytes } from '../../../model/bytes.ts';
import { place } from '../../../redis/ask.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number, primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { type Follower, followersOf, nodeAt } from './members.ts';

/** Replicas confirm once a second; a few seconds of writing are on the way at any time. */
const USUAL_SECONDS = 5;
const LEAST_BYTES = 1 << 20;
/** Where the rate of writing is unknown. */
const MUCH_BYTES = 16 << 20;
const SILENT_SECONDS = 10;

export const laggingReplica: Rule = {
  id: 'lagging-replica',
  group: 'topology',
  severity: 'warning',
  title: 'A replica far behind its primary',
  looksAt: ['INFO slave<n>: offset, lag, state', 'INFO master_repl_offset, repl_backlog_size'],
  why: 'A failover loses what the replica has not received. One that falls behind by more than the backlog needs a full copy once its link breaks.',
  fix: 'Find what holds it up: its own load, a slow network, a slow disk, large commands. Fewer writes or more shards help where it cannot keep pace.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/commands/info'],
  find: (facts) =>
    primaries(facts).flatMap((primary) => followersOf(primary).flatMap((one) => judge(facts, primary, one))),
};

function judge(facts: Facts, primary: NodeFacts, follower: Follower): readonly Found[] {
  const written = number(primary.info, 'master_repl_offset');
  if (written === undefined || follower.state !== 'online') return [];
  const behind = Math.max(0, written - follower.offset);
  const rate = primary.perSecond?.master_repl_offset;
  const usual = rate === undefined ? MUCH_BYTES : Math.max(LEAST_BYTES, rate * USUAL_SECONDS);
  const silent = follower.lagSeconds > SILENT_SECONDS;
  if (behind <= usual && !silent) return [];
  const backlog = number(primary.info, 'repl_backlog_size');
  const pace = rate && behind > usual ? `, ${Math.round(behind / rate)} s of writing` : '';
  const heard = silent ? `, and was last heard of ${follower.lagSeconds} s ago` : '';
  const beyond = beyondBacklog(behind, backlog);
  return [
    {
      at: nodeAt(facts, follower.at)?.name ?? place(follower.at),
      message: `It is ${humanBytes(behind)} behind ${primary.name}${pace}${heard}.${beyond}`,
      evidence: [follower.line, `master_repl_offset:${written}`, `repl_backlog_size:${backlog ?? 'unknown'}`],
      remedy: `Look at the load and the slow log of the replica and at the network to it.${beyond && ' A larger repl-backlog-size on the primary spares the full copy.'}`,
    },
  ];
}

function beyondBacklog(behindBytes: number, backlogBytes: number | undefined): string {
  if (backlogBytes === undefined || behindBytes <= backlogBytes) return '';
  return ` That is more than the backlog of ${humanBytes(backlogBytes)}: if its link breaks, it needs a full copy.`;
}
