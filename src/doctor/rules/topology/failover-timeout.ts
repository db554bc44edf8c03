import type { Facts } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { watches } from './members.ts';

/** A fork or a slow command of this length is nothing unusual. */
const SHORT_MS = 1000;
const LONG_MS = 60_000;

export const failoverTimeout: Rule = {
  id: 'failover-timeout',
  group: 'topology',
  severity: 'warning',
  title: 'A failover that comes too soon or too late',
  looksAt: [
    'CONFIG GET cluster-node-timeout',
    'SENTINEL MASTER down-after-milliseconds',
    'INFO latest_fork_usec',
  ],
  why: 'Too short, and a fork or one slow command is taken for a dead primary: a failover of a healthy server, with writes lost. Too long, and an outage lasts that long before anybody acts.',
  fix: 'Between 2 and 30 seconds; 5 to 15 suit most.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/cluster-tutorial'],
  find: (facts) => {
    const fork = Math.max(0, ...facts.nodes.map(({ info }) => number(info, 'latest_fork_usec') ?? 0)) / 1000;
    return [...inCluster(facts), ...bySentinel(facts)].flatMap((one) => judge(one, fork));
  },
};

interface Timeout {
  readonly at: string;
  readonly name: string;
  readonly ms: number;
  readonly how: string;
}

function inCluster({ nodes }: Facts): readonly Timeout[] {
  const name = 'cluster-node-timeout';
  return nodes
    .filter((node) => node.cluster !== undefined || setting(node, 'cluster-enabled') === 'yes')
    .map((node) => ({
      at: node.name,
      name,
      ms: Number(setting(node, name) ?? 15_000),
      how: `CONFIG SET ${name}`,
    }))
    .filter(({ ms }, i, all) => all.findIndex((one) => one.ms === ms) === i);
}

function bySentinel(facts: Facts): readonly Timeout[] {
  const name = 'down-after-milliseconds';
  return watches(facts).flatMap(({ primaryName, sentinels }) =>
    [...new Set(sentinels.map(({ downAfterMs }) => downAfterMs))].map((ms) => ({
      at: primaryName,
      name,
      ms,
      how: `SENTINEL SET ${primaryName} ${name}`,
    })),
  );
}

function judge({ at, name, ms, how }: Timeout, forkMs: number): readonly Found[] {
  if (!(ms > 0)) return [];
  const evidence = [`${name}=${ms}`];
  // Four times the longest stop that was seen.
  const better = Math.max(5000, Math.ceil(forkMs / 250) * 1000);
  const near = forkMs * 2 > ms;
  if (ms < SHORT_MS || near)
    return [
      {
        at,
        message: near
          ? `A node counts as down after ${ms} ms, and the last fork alone stopped one for ${Math.round(forkMs)} ms.`
          : `A node counts as down after ${ms} ms: a fork or one slow command is enough for a failover.`,
        evidence: near ? [...evidence, `latest_fork_usec:${Math.round(forkMs * 1000)}`] : evidence,
        remedy: `Set it to ${better} on every node: \`${how} ${better}\`.`,
      },
    ];
  if (ms <= LONG_MS) return [];
  return [
    {
      severity: 'note',
      at,
      message: `A node counts as down only after ${Math.round(ms / 1000)} s; writes fail until then.`,
      evidence,
      remedy: `Set it to 15000 or less on every node: \`${how} 15000\`.`,
    },
  ];
}
