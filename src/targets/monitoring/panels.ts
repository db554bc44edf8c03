import { humanBytes } from '../../model/bytes.ts';
import type { AlertFacts } from './rules/types.ts';

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** How its series are called; `<label>` stands for a label. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly meaning: string;
  readonly kind: 'stat' | 'timeseries';
  /** A unit as Grafana names them. */
  readonly unit: 'short' | 'bytes' | 's' | 'percentunit' | 'ops' | 'Bps' | 'reqps' | 'dtdurations';
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Grafana puts in as many seconds as fit the width of the picture, and at least four scrapes. */
const WINDOW = '$__rate_interval';

const one = (expr: string, legend = '<node>'): readonly Query[] => [{ expr, legend }];
const lines = (title: string, meaning: string, unit: Panel['unit'], queries: readonly Query[]): Panel => ({
  title,
  meaning,
  kind: 'timeseries',
  unit,
  queries,
});
const figure = (title: string, meaning: string, unit: Panel['unit'], expr: string): Panel => ({
  title,
  meaning,
  kind: 'stat',
  unit,
  queries: one(expr, ''),
});

/** The dashboard's rows: what is wrong first, then load, memory, replication, and how data is kept. */
export function rows(f: AlertFacts): readonly Row[] {
  return [
    { title: 'Now', panels: now(f) },
    { title: 'Load', panels: load(f) },
    { title: 'Memory and keys', panels: memory(f) },
    ...(f.replicasPerShard > 0 ? [{ title: 'Replication', panels: replication(f) }] : []),
    ...(f.sentinels > 0 ? [{ title: 'Sentinels', panels: sentinels(f) }] : []),
    ...(f.slots ? [{ title: 'Cluster', panels: cluster(f) }] : []),
    { title: 'Persistence', panels: persistence(f) },
    ...(f.tls ? [{ title: 'Certificates', panels: certificates(f) }] : []),
  ];
}

function now(f: AlertFacts): readonly Panel[] {
  return [
    figure(
      'Alerts',
      'Firing now',
      'short',
      `count(ALERTS{stack="${f.stack}",alertstate="firing"}) or vector(0)`,
    ),
    figure('Nodes up', `Of ${f.dataNodes}`, 'short', `sum(${f.data('redis_up')})`),
    figure(
      'Primaries',
      `There should be ${f.shards}`,
      'short',
      `count(${f.data('redis_instance_info', 'role="master"')})`,
    ),
    figure('Clients', 'On all nodes', 'short', `sum(${f.data('redis_connected_clients')})`),
    figure(
      'Keys',
      'On the primaries',
      'short',
      `sum(${f.data('redis_db_keys')} and on (node) ${primary(f)})`,
    ),
    figure(
      'Youngest node',
      'Since the last restart',
      'dtdurations',
      `min(${f.data('redis_uptime_in_seconds')})`,
    ),
  ];
}

const primary = (f: AlertFacts): string => f.data('redis_instance_info', 'role="master"');
const rate = (counter: string): string => `rate(${counter}[${WINDOW}])`;

function load(f: AlertFacts): readonly Panel[] {
  return [
    lines('Commands', 'A second, by node', 'ops', one(rate(f.data('redis_commands_processed_total')))),
    lines('Commands by kind', 'The ten most frequent', 'ops', [
      { expr: `topk(10, sum by (cmd) (${rate(f.data('redis_commands_total'))}))`, legend: '<cmd>' },
    ]),
    lines('Time per command', 'On average, the ten slowest', 's', [
      {
        expr: `topk(10, sum by (cmd) (${rate(f.data('redis_commands_duration_seconds_total'))}) / sum by (cmd) (${rate(f.data('redis_commands_total'))}))`,
        legend: '<cmd>',
      },
    ]),
    lines('Errors', 'Error replies by kind', 'ops', [
      { expr: `sum by (err) (${rate(f.data('redis_errors_total'))})`, legend: '<err>' },
    ]),
    lines('Network', 'In and out', 'Bps', [
      { expr: rate(f.data('redis_net_input_bytes_total')), legend: '<node> in' },
      { expr: rate(f.data('redis_net_output_bytes_total')), legend: '<node> out' },
    ]),
    lines('Clients', `The limit is ${f.maxClients}`, 'short', [
      { expr: f.data('redis_connected_clients'), legend: '<node>' },
      { expr: f.data('redis_blocked_clients'), legend: '<node> waiting' },
    ]),
    lines(
      'Processor',
      'Cores in use by the server itself',
      'short',
      one(`${rate(f.data('redis_cpu_user_seconds_total'))} + ${rate(f.data('redis_cpu_sys_seconds_total'))}`),
    ),
    lines('Standstill', 'The last one longer than 100 ms, by event', 's', [
      { expr: f.data('redis_latency_spike_duration_seconds'), legend: '<node> <event_name>' },
    ]),
  ];
}

function memory(f: AlertFacts): readonly Panel[] {
  return [
    lines(
      'Memory used',
      `maxmemory is full at 100 %; policy ${f.policy}`,
      'percentunit',
      one(`${f.data('redis_memory_used_bytes')} / ${f.data('redis_memory_max_bytes')}`),
    ),
    lines(
      'Memory of the process',
      `The container has ${humanBytes(f.limitBytes)}`,
      'bytes',
      one(f.data('redis_memory_used_rss_bytes')),
    ),
    lines(
      'Keys',
      'On the primaries',
      'short',
      one(`sum by (node) (${f.data('redis_db_keys')} and on (node) ${primary(f)})`),
    ),
    lines('Keys that went', 'Expired by themselves, or dropped for want of memory', 'ops', [
      { expr: rate(f.data('redis_expired_keys_total')), legend: '<node> expired' },
      { expr: rate(f.data('redis_evicted_keys_total')), legend: '<node> dropped' },
    ]),
    lines('Hits', 'Share of reads that found a key', 'percentunit', [
      {
        expr: `sum(${rate(f.data('redis_keyspace_hits_total'))}) / (sum(${rate(f.data('redis_keyspace_hits_total'))}) + sum(${rate(f.data('redis_keyspace_misses_total'))}))`,
        legend: 'hits',
      },
    ]),
  ];
}

function replication(f: AlertFacts): readonly Panel[] {
  return [
    lines('Roles', '1 where the node is primary', 'short', one(primary(f))),
    lines(
      'Replicas',
      `Of each primary, out of ${f.replicasPerShard}`,
      'short',
      one(`${f.data('redis_connected_slaves')} and on (node) ${primary(f)}`),
    ),
    lines('Bytes behind', `A full copy is due at ${humanBytes(f.backlogBytes)}`, 'bytes', [
      {
        expr: `${f.data('redis_master_repl_offset')} - on (node) group_right () ${f.data('redis_connected_slave_offset_bytes')}`,
        legend: '<slave_ip>:<slave_port>',
      },
    ]),
    lines('Silent for', 'Since a replica was heard of', 's', [
      { expr: f.data('redis_connected_slave_lag_seconds'), legend: '<slave_ip>:<slave_port>' },
    ]),
    lines('Copies', 'Full and partial resynchronisations since the start', 'short', [
      { expr: f.data('redis_replica_resyncs_full'), legend: '<node> full' },
      { expr: f.data('redis_replica_partial_resync_accepted'), legend: '<node> partial' },
    ]),
  ];
}

function sentinels(f: AlertFacts): readonly Panel[] {
  return [
    lines(
      'Sentinels that see each other',
      `Out of ${f.sentinels}`,
      'short',
      one(f.sentinel('redis_sentinel_master_ok_sentinels')),
    ),
    lines(
      'Replicas that could take over',
      `Out of ${f.replicasPerShard}`,
      'short',
      one(f.sentinel('redis_sentinel_master_ok_slaves')),
    ),
    lines('Primary, as each Sentinel sees it', '1 while it answers', 'short', [
      {
        expr: f.sentinel('redis_sentinel_master_status'),
        legend: '<node>: <master_address> <master_status>',
      },
    ]),
  ];
}

function cluster(f: AlertFacts): readonly Panel[] {
  return [
    lines('Cluster ok', '1 where the node says so', 'short', one(f.data('redis_cluster_state'))),
    lines('Slots', 'Served, and failing', 'short', [
      { expr: `min(${f.data('redis_cluster_slots_ok')})`, legend: 'served' },
      {
        expr: `max(${f.data('redis_cluster_slots_fail')} + ${f.data('redis_cluster_slots_pfail')})`,
        legend: 'failing',
      },
    ]),
    lines('Known nodes', `Out of ${f.dataNodes}`, 'short', one(f.data('redis_cluster_known_nodes'))),
  ];
}

function persistence(f: AlertFacts): readonly Panel[] {
  return [
    lines('Changes since the last snapshot', '', 'short', one(f.data('redis_rdb_changes_since_last_save'))),
    lines(
      'Fork',
      'How long the last one held up every client',
      's',
      one(f.data('redis_latest_fork_seconds')),
    ),
    ...(f.appendOnly
      ? [lines('Append-only file', 'Size', 'bytes', one(f.data('redis_aof_current_size_bytes')))]
      : []),
  ];
}

function certificates(f: AlertFacts): readonly Panel[] {
  return [
    lines('Certificates', 'Time until they expire', 'dtdurations', [
      { expr: `probe_ssl_earliest_cert_expiry{stack="${f.stack}"} - time()`, legend: '<node>' },
    ]),
  ];
}
