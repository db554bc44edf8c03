import { type AlertFacts, type AlertRule, always, EVERYWHERE, info, replicated, warning } from './types.ts';

const REFUSED = 'err=~"(WRONGPASS|NOAUTH|NOPERM).*"';

const FULL = 'err=~".*max number of clients.*"';

/** The node is so full of clients that its exporter is turned away as well. */
export const isCrowded = (f: AlertFacts): string =>
  `redis_exporter_last_scrape_error{stack="${f.stack}",kind="data",${FULL}} == 1`;

/** An encrypted exporter hides why it failed, so a port that answers the probe tells a refusal from a dead node. */
const refused = (f: AlertFacts): string =>
  f.tls
    ? `redis_up{stack="${f.stack}"} == 0 and on (node) probe_success{stack="${f.stack}"} == 1`
    : `redis_exporter_last_scrape_error{stack="${f.stack}",${REFUSED}} == 1`;

export const nodeAlerts: readonly AlertRule[] = [
  {
    name: 'RedisNodeDown',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: (f) => (replicated(f) ? 'warning' : 'critical'),
    forSeconds: 60,
    expr: (f) =>
      `${f.data('redis_up')} == 0 unless on (node) (${refused(f)}) unless on (node) (${isCrowded(f)})`,
    summary: 'Node <node> does not answer',
    description: 'Its exporter reaches nobody at <instance>, or gets no answer in time.',
    remedy: (c) => `See why it ended with \`${c.logs}\`, then start it with \`${c.start}\`.`,
  },
  {
    name: 'RedisExporterDown',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 120,
    expr: (f) => `up{stack="${f.stack}",kind=~"data|sentinel"} == 0`,
    summary: 'Nothing is known of <node>: its exporter does not answer',
    description: 'The node may be well, but every other alert about it is blind until its exporter is back.',
    remedy: (c) => `Look at \`${c.exporterLogs}\`, then start it with \`${c.restartExporter}\`.`,
  },
  {
    name: 'RedisExporterRefused',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 120,
    expr: refused,
    summary: 'The exporter of <node> may not log in',
    description: 'The node runs, but refuses the password or the commands of the user `exporter`.',
    remedy: (c) =>
      `Bring \`.secrets/exporter.json\` in step with \`npx create-redis-stack update\`, then \`${c.restartExporter}\`. What was refused stands in \`${c.cli} ACL LOG\`.`,
  },
  {
    name: 'RedisNodeRestarted',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: info,
    forSeconds: 0,
    expr: (f) => `resets(${f.data('redis_uptime_in_seconds')}[${f.clock.window(600)}]) > 0`,
    summary: 'Node <node> restarted within the last minutes',
    description:
      'Nothing to do where somebody asked for it; otherwise it crashed, or was killed for its memory.',
    remedy: (c) => `Read the end of its log with \`${c.logs}\`, and ask the kernel: \`dmesg | grep -i oom\`.`,
  },
  {
    name: 'RedisLatencySpike',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 0,
    expr: (f) =>
      `${f.data('redis_latency_spike_duration_seconds')} > 0.5 and time() - ${f.data('redis_latency_spike_last')} < ${f.clock.age(300)}`,
    summary: 'Node <node> stood still for <value> s (<event_name>)',
    description: 'One event held up every client for more than half a second.',
    remedy: (c) => `Ask \`${c.cli} LATENCY DOCTOR\`, and \`${c.cli} SLOWLOG GET 10\` for the commands.`,
  },
  {
    name: 'RedisForkSlow',
    group: 'nodes',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 0,
    expr: (f) => `${f.data('redis_latest_fork_seconds')} > 0.5`,
    summary: 'The last fork on <node> held up every client for <value> s',
    description: 'Snapshots, log rewrites and full copies fork; the time grows with the memory that is used.',
    remedy: () =>
      'Switch transparent huge pages off on the host (`echo never > /sys/kernel/mm/transparent_hugepage/enabled`), or spread the data over more nodes.',
  },
];
