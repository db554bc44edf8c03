import { type AlertFacts, type AlertRule, critical, warning } from './types.ts';

const WHERE = 'stacks with Sentinels';
const watched = (f: AlertFacts): boolean => f.sentinels > 0;

export const sentinelAlerts: readonly AlertRule[] = [
  {
    name: 'RedisSentinelDown',
    group: 'sentinel',
    where: WHERE,
    applies: watched,
    severity: warning,
    forSeconds: 60,
    expr: (f) => `${f.sentinel('redis_up')} == 0`,
    summary: 'Sentinel <node> does not answer',
    description: 'The others go on, but fewer may be lost until there is no failover any more.',
    remedy: (c) => `See why it ended with \`${c.logs}\`, then start it with \`${c.start}\`.`,
  },
  {
    name: 'RedisSentinelQuorumLost',
    group: 'sentinel',
    where: WHERE,
    applies: watched,
    severity: critical,
    forSeconds: 30,
    expr: (f) =>
      [
        `min by (stack) (${f.sentinel('redis_sentinel_master_ckquorum_status')}) == 0`,
        `count by (stack) (${f.sentinel('redis_up')} == 1) < ${f.sentinelMajority}`,
        `max by (stack) (${f.sentinel('redis_up')}) == 0`,
      ].join(' or '),
    summary: 'The Sentinels of <stack> cannot fail over',
    description: 'Too few of them see each other: when the primary is lost now, nobody takes over.',
    remedy: (c) => `Find the ones that are missing with \`${c.status}\`, and start them with \`${c.start}\`.`,
  },
  {
    name: 'RedisSentinelsDisagree',
    group: 'sentinel',
    where: WHERE,
    applies: watched,
    severity: critical,
    forSeconds: 60,
    expr: (f) =>
      `count by (stack) (count by (stack, master_address) (${f.sentinel('redis_sentinel_master_status')})) > 1`,
    summary: 'The Sentinels of <stack> name <value> primaries',
    description: 'Clients are sent to different nodes, depending on which Sentinel they ask.',
    remedy: (c) =>
      `Compare them with \`${c.status}\`; restart the Sentinel that differs, after deleting its data folder.`,
  },
  {
    name: 'RedisSentinelBlind',
    group: 'sentinel',
    where: WHERE,
    applies: watched,
    severity: warning,
    forSeconds: 60,
    expr: (f) =>
      `${f.sentinel('redis_sentinel_master_slaves')} < ${f.replicasPerShard} or ${f.sentinel('redis_sentinel_master_sentinels')} < ${f.sentinels}`,
    summary: 'Sentinel <node> knows <value> replicas or Sentinels only',
    description: 'What it does not know it cannot promote, or ask for its vote.',
    remedy: (c) =>
      `See that every node runs with \`${c.status}\`. Sentinels find replicas by asking the primary, and each other through it.`,
  },
  {
    name: 'RedisSentinelTilt',
    group: 'sentinel',
    where: WHERE,
    applies: watched,
    severity: warning,
    forSeconds: 0,
    expr: (f) => `${f.sentinel('redis_sentinel_tilt')} == 1`,
    summary: 'Sentinel <node> does not trust its clock, and acts on nothing',
    description: 'Its machine stood still or its clock jumped; it watches for 30 s before it acts again.',
    remedy: () =>
      'See that the host has enough processor time (`uptime`), and that its clock is set smoothly (`chronyc tracking`).',
  },
];
