import type { StackModel } from '../../../src/model/types.ts';
import { duration } from '../../../src/targets/monitoring/facts.ts';
import { alertsFor } from '../../../src/targets/monitoring/rules/index.ts';
import type { AlertFacts, AlertRule } from '../../../src/targets/monitoring/rules/types.ts';
import { growing, MINUTES, type Series, steady, TROUBLE_AT } from './rule-figures.ts';
import { TROUBLES } from './rule-troubles.ts';

/** Unit tests as `promtool test rules` takes them, one an alert and one without any trouble. */
export function ruleTests(model: StackModel, facts: AlertFacts) {
  const healthy = healthySeries(model, facts);
  return {
    rule_files: ['redis-stack.yml'],
    evaluation_interval: '1m',
    tests: [
      {
        name: 'nothing is wrong',
        interval: '1m',
        input_series: printed(healthy),
        promql_expr_test: [{ expr: 'count(ALERTS)', eval_time: duration(MINUTES * 60), exp_samples: [] }],
      },
      ...alertsFor(facts).map((alert) => troubleTest(alert, healthy, facts)),
    ],
  };
}

function troubleTest(alert: AlertRule, healthy: readonly Series[], facts: AlertFacts) {
  const change = TROUBLES[alert.name];
  if (!change) throw new Error(`${alert.name} has no figures to test it with`);
  const at = TROUBLE_AT * 60 + alert.forSeconds + 120;
  return {
    name: alert.name,
    interval: '1m',
    input_series: printed(change(healthy, facts)),
    promql_expr_test: [
      {
        expr: `group(ALERTS{alertname="${alert.name}",alertstate="firing"})`,
        eval_time: duration(at),
        exp_samples: [{ value: 1 }],
      },
    ],
  };
}

function printed(series: readonly Series[]) {
  return series.map(({ metric, labels, values }) => ({
    series: `${metric}{${Object.entries(labels)
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')}}`,
    values,
  }));
}

/** What exporters tell of a stack that is well, as far as rules look at it. */
function healthySeries(model: StackModel, facts: AlertFacts): readonly Series[] {
  const { name } = model.spec;
  return model.nodes.flatMap((node) => {
    const kind = node.role === 'sentinel' ? 'sentinel' : 'data';
    const shard = node.role === 'sentinel' ? {} : { shard: String(node.shard) };
    const labels = { stack: name, kind, ...shard, node: node.name };
    const of = (figures: Readonly<Record<string, number>>): readonly Series[] =>
      Object.entries(figures).map(([metric, value]) => ({ metric, labels, values: steady(value) }));
    const common = of({ up: 1, redis_up: 1 });
    if (node.role === 'sentinel') return [...common, ...sentinelSeries(labels, facts)];
    return [
      ...common,
      ...of(dataFigures(model, facts)),
      ...roleSeries(node.role === 'primary', labels, facts),
      { metric: 'redis_uptime_in_seconds', labels, values: growing(1000) },
      ...(facts.tls ? of({ probe_success: 1, probe_ssl_earliest_cert_expiry: 90 * 86_400 }) : []),
    ];
  });
}

function dataFigures(model: StackModel, facts: AlertFacts): Readonly<Record<string, number>> {
  const max = model.memory.maxmemoryBytes;
  return {
    redis_latest_fork_seconds: 0.01,
    redis_connected_clients: 20,
    redis_rejected_connections_total: 0,
    redis_memory_used_bytes: Math.floor(max / 2),
    redis_mem_not_counted_for_eviction_bytes: 0,
    redis_memory_max_bytes: max,
    redis_memory_used_rss_bytes: Math.floor(max / 2),
    redis_db_keys: 1000,
    redis_db_keys_expiring: 500,
    redis_evicted_keys_total: 0,
    redis_rdb_last_bgsave_status: 1,
    redis_rdb_last_save_timestamp_seconds: 0,
    redis_rdb_changes_since_last_save: 10,
    redis_aof_last_write_status: 1,
    redis_aof_last_bgrewrite_status: 1,
    ...(facts.slots
      ? {
          redis_cluster_state: 1,
          redis_cluster_slots_assigned: 16_384,
          redis_cluster_slots_fail: 0,
          redis_cluster_slots_pfail: 0,
          redis_cluster_known_nodes: facts.dataNodes,
        }
      : {}),
  };
}

function roleSeries(
  primary: boolean,
  labels: Readonly<Record<string, string>>,
  facts: AlertFacts,
): readonly Series[] {
  const role = { ...labels, role: primary ? 'master' : 'slave', maxmemory_policy: facts.policy };
  const peer = { ...labels, slave_ip: 'replica', slave_port: '6380', slave_state: 'online' };
  const master = { ...labels, master_host: 'primary', master_port: '6379' };
  const common = [
    { metric: 'redis_instance_info', labels: role, values: steady(1) },
    { metric: 'redis_connected_slaves', labels, values: steady(primary ? facts.replicasPerShard : 0) },
    { metric: 'redis_master_repl_offset', labels, values: steady(5000) },
  ];
  if (!primary) return [...common, { metric: 'redis_master_link_up', labels: master, values: steady(1) }];
  if (facts.replicasPerShard === 0) return common;
  return [
    ...common,
    { metric: 'redis_connected_slave_lag_seconds', labels: peer, values: steady(0) },
    { metric: 'redis_connected_slave_offset_bytes', labels: peer, values: steady(5000) },
  ];
}

function sentinelSeries(labels: Readonly<Record<string, string>>, facts: AlertFacts): readonly Series[] {
  const watched = { ...labels, master_name: 'mymaster', master_address: 'primary:6379' };
  return [
    { metric: 'redis_sentinel_tilt', labels, values: steady(0) },
    {
      metric: 'redis_sentinel_master_ckquorum_status',
      labels: { ...labels, master_name: 'mymaster', message: 'OK' },
      values: steady(1),
    },
    {
      metric: 'redis_sentinel_master_status',
      labels: { ...watched, master_status: 'ok' },
      values: steady(1),
    },
    { metric: 'redis_sentinel_master_slaves', labels: watched, values: steady(facts.replicasPerShard) },
    { metric: 'redis_sentinel_master_sentinels', labels: watched, values: steady(facts.sentinels) },
  ];
}
