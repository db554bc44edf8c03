import { type AlertRule, critical, info, REPLICATED, replicated, warning } from './types.ts';

export const replicationAlerts: readonly AlertRule[] = [
  {
    name: 'RedisNoPrimary',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: critical,
    forSeconds: 30,
    expr: (f) =>
      [
        `group by (stack, shard) (up{stack="${f.stack}",kind="data"})`,
        `unless on (stack, shard) ${f.data('redis_instance_info', 'role="master"')}`,
        // A primary that only its exporter lost is still seen by its replicas.
        `unless on (stack, shard) ${f.data('redis_master_link_up')} == 1`,
      ].join(' '),
    summary: 'Shard <shard> of <stack> has no primary',
    description: 'Nobody takes its writes. A failover takes seconds; this has lasted longer.',
    remedy: (c) =>
      `See who is there with \`${c.status}\`, start what is missing with \`${c.start}\`, and read the logs of the others for why nobody took over.`,
  },
  {
    name: 'RedisTwoPrimaries',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: critical,
    forSeconds: 30,
    expr: (f) => `count by (stack, shard) (${f.data('redis_instance_info', 'role="master"')}) > 1`,
    summary: 'Shard <shard> of <stack> has <value> primaries',
    description:
      'Writes go to two places, and those of one of them will be lost when it becomes a replica again.',
    remedy: (c) =>
      `See which one the others follow with \`${c.status}\`, and stop the other one before more is written to it.`,
  },
  {
    name: 'RedisFailover',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: info,
    forSeconds: 0,
    expr: (f) =>
      `${f.data('redis_instance_info', 'role="master"')} and on (node) max_over_time(${f.data('redis_instance_info', 'role="slave"')}[${f.clock.window(600)}])`,
    summary: 'Node <node> was a replica and is the primary now',
    description: 'A failover happened within the last minutes, planned or not.',
    remedy: (c) => `See that the former primary came back as a replica: \`${c.status}\`.`,
  },
  {
    name: 'RedisReplicaLinkDown',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: warning,
    forSeconds: 60,
    expr: (f) => `${f.data('redis_master_link_up')} == 0`,
    summary: 'Replica <node> has lost its primary <master_host>:<master_port>',
    description: 'It goes on answering with old data, and would lose the writes since then if it took over.',
    remedy: (c) =>
      `The reason stands in \`${c.logs}\`; whether it is copying, in \`${c.cli} INFO replication\`.`,
  },
  {
    name: 'RedisReplicasMissing',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: warning,
    forSeconds: 120,
    expr: (f) =>
      `sum by (stack, shard) (${f.data('redis_connected_slaves')} and on (node) ${f.data('redis_instance_info', 'role="master"')}) < ${f.replicasPerShard}`,
    summary: 'The primary of shard <shard> feeds <value> replicas only',
    description: 'One more loss may leave nobody to take over.',
    remedy: (c) => `Find the one that is missing with \`${c.status}\`, and start it with \`${c.start}\`.`,
  },
  {
    name: 'RedisReplicaLagging',
    group: 'replication',
    where: REPLICATED,
    applies: replicated,
    severity: warning,
    forSeconds: 30,
    expr: (f) => {
      const behind = `${f.data('redis_master_repl_offset')} - on (node) group_right () ${f.data('redis_connected_slave_offset_bytes')}`;
      return `${f.data('redis_connected_slave_lag_seconds')} > 10 or ${behind} > ${Math.floor(f.backlogBytes / 2)}`;
    },
    summary: 'Replica <slave_ip>:<slave_port> lags behind <node>',
    description:
      'It was silent for more than 10 s, or is further behind than half of the backlog: a lost link would then cost a full copy.',
    remedy: (c) =>
      `Look at the replica's load and log, and at \`${c.cli} INFO replication\`; when writes come faster than it takes them, raise \`repl-backlog-size\`.`,
  },
];
