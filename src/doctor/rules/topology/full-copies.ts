import { humanBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number, primaries } from '../../read-facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';

const LEAST_REFUSED = 5;
const LEAST_COPIES = 10;
/** A loop starts over in minutes; backups and restarts do not come that often. */
const LOOP_SECONDS = 600;

export const fullCopies: Rule = {
  id: 'full-copies',
  group: 'topology',
  severity: 'warning',
  title: 'Replicas that are filled again and again',
  looksAt: ['INFO sync_full, sync_partial_ok, sync_partial_err', 'INFO repl_backlog_size'],
  why: 'Each full copy forks the primary, sends all its data and leaves the replica without an answer while it loads. One that cannot be finished starts over for ever.',
  fix: 'Enlarge repl-backlog-size to the writes of the longest usual break, and client-output-buffer-limit for replicas to the writes during one copy.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/commands/info'],
  find: (facts) => primaries(facts).flatMap((node) => [...refused(facts, node), ...looping(facts, node)]),
};

/** Replicas that asked for what they had missed, and did not find it in the backlog. */
function refused(facts: Facts, node: NodeFacts): readonly Found[] {
  const { info } = node;
  const errors = number(info, 'sync_partial_err') ?? 0;
  const served = number(info, 'sync_partial_ok') ?? 0;
  const days = (number(info, 'uptime_in_seconds') ?? 0) / 86_400;
  const backlog = number(info, 'repl_backlog_size');
  // Each failover and each restart with old data may cost one.
  if (errors < LEAST_REFUSED || errors <= served || errors < days || backlog === undefined) return [];
  return [
    {
      at: node.name,
      message: `${errors} times a replica came back and what it had missed was no longer in the backlog of ${humanBytes(backlog)}; ${served} times it was.`,
      evidence: [
        `sync_partial_err:${errors}`,
        `sync_partial_ok:${served}`,
        `sync_full:${info?.sync_full}`,
        `repl_backlog_size:${backlog}`,
      ],
      remedy: `Set repl-backlog-size to what is written during the longest usual break${rateOf(node)}.`,
      fixes: facts.model ? [] : [enlarge(node, backlog)],
    },
  ];
}

function enlarge(node: NodeFacts, backlog: number): Fix {
  return {
    kind: 'command',
    at: node.name,
    words: ['CONFIG', 'SET', 'repl-backlog-size', String(backlog * 4)],
    live: true,
    effect: `A backlog of ${humanBytes(backlog * 4)}; it counts as memory of the server.`,
  };
}

function looping(facts: Facts, node: NodeFacts): readonly Found[] {
  const { info } = node;
  const copies = number(info, 'sync_full') ?? 0;
  const up = number(info, 'uptime_in_seconds') ?? 0;
  // Backups of a stack of ours take full copies as well.
  const planned = facts.model?.backup.scheduled ? up / facts.model.backup.everySeconds : 0;
  const unexplained = copies - planned;
  if (unexplained < LEAST_COPIES || up / unexplained > LOOP_SECONDS) return [];
  return [
    {
      at: node.name,
      message: `It has sent ${copies} full copies in ${up} s, one every ${Math.round(up / copies)} s: replicas do not get to the end of them.`,
      evidence: [
        `sync_full:${copies}`,
        `uptime_in_seconds:${up}`,
        `client_output_buffer_limit_disconnections:${info?.client_output_buffer_limit_disconnections ?? 'unknown'}`,
      ],
      remedy: `Read the logs of both sides. Usual reasons are a limit for replicas in client-output-buffer-limit that is less than what is written during a copy${rateOf(node)}, and a repl-timeout shorter than a copy.`,
    },
  ];
}

function rateOf({ perSecond }: NodeFacts): string {
  const rate = perSecond?.master_repl_offset;
  return rate ? ` (${humanBytes(Math.round(rate))} a second now)` : '';
}
