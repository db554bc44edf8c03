import { type AlertFacts, type AlertRule, critical, warning } from './types.ts';

const WHERE = 'clusters';
const sharded = (f: AlertFacts): boolean => f.slots;

export const clusterAlerts: readonly AlertRule[] = [
  {
    name: 'RedisClusterDown',
    group: 'slots',
    where: WHERE,
    applies: sharded,
    severity: critical,
    forSeconds: 30,
    expr: (f) => `${f.data('redis_cluster_state')} == 0`,
    summary: 'Node <node> calls the cluster failed',
    description: 'It answers CLUSTERDOWN: it sees no majority of the primaries, or slots that nobody serves.',
    remedy: (c) =>
      `See which nodes are missing with \`${c.status}\`, start them with \`${c.start}\`, and look at \`${c.cli} CLUSTER NODES\`.`,
  },
  {
    name: 'RedisClusterSlotsFailing',
    group: 'slots',
    where: WHERE,
    applies: sharded,
    severity: critical,
    forSeconds: 30,
    expr: (f) =>
      `max by (stack) (${f.data('redis_cluster_slots_fail')} + ${f.data('redis_cluster_slots_pfail')}) > 0`,
    summary: '<value> slots of <stack> are served by nobody who answers',
    description: 'Their primary is lost and no replica has taken over; their keys cannot be read or written.',
    remedy: (c) => `Start the nodes of that shard with \`${c.start}\`; \`${c.status}\` tells which it is.`,
  },
  {
    name: 'RedisClusterSlotsUnassigned',
    group: 'slots',
    where: WHERE,
    applies: sharded,
    severity: critical,
    forSeconds: 30,
    expr: (f) => `min by (stack) (${f.data('redis_cluster_slots_assigned')}) < 16384`,
    summary: 'Only <value> of 16384 slots of <stack> belong to a node',
    description: 'Keys in the others cannot be read or written, whoever is up.',
    remedy: (c) =>
      `\`${c.cli} CLUSTER SLOTS\` shows the gap; \`CLUSTER ADDSLOTSRANGE first last\` on the primary that should own it closes it.`,
  },
  {
    name: 'RedisClusterNodesMissing',
    group: 'slots',
    where: WHERE,
    applies: sharded,
    severity: warning,
    forSeconds: 120,
    expr: (f) => `${f.data('redis_cluster_known_nodes')} != ${f.dataNodes}`,
    summary: 'Node <node> knows <value> nodes',
    description:
      'As many are in the stack as redis-stack.yaml says: somebody was forgotten, or never removed.',
    remedy: (c) =>
      `Compare \`${c.cli} CLUSTER NODES\` with \`${c.status}\`; \`${c.start}\` joins what is missing, \`CLUSTER FORGET\` on every node removes what is gone.`,
  },
];
