import type { AlertFacts } from '../../../src/targets/monitoring/rules/types.ts';
import { from, type Series, since, until } from './rule-figures.ts';

/** Turns the figures of a healthy stack into those of one in trouble. */
export type Change = (healthy: readonly Series[], facts: AlertFacts) => readonly Series[];

type Which = (labels: Readonly<Record<string, string>>) => boolean;
const any: Which = () => true;

const set =
  (metric: string, values: string, which: Which = any): Change =>
  (all) =>
    all.map((series) => (series.metric === metric && which(series.labels) ? { ...series, values } : series));

const add =
  (metric: string, values: string, more: Readonly<Record<string, string>> = {}): Change =>
  (all) => {
    const node = all.find((series) => series.metric === 'redis_uptime_in_seconds');
    return [...all, { metric, values, labels: { ...node?.labels, ...more } }];
  };

const both =
  (...changes: readonly Change[]): Change =>
  (all, facts) =>
    changes.reduce((series, change) => change(series, facts), all);

/** With numbers that follow from the stack. */
const by =
  (make: (facts: AlertFacts) => Change): Change =>
  (all, facts) =>
    make(facts)(all, facts);

const isPrimary: Which = ({ role }) => role === 'master';
const isData: Which = ({ kind }) => kind === 'data';
const isSentinel: Which = ({ kind }) => kind === 'sentinel';
const DAY = 86_400;

/** A node that was a replica until trouble came, or the primary. */
const roleOnce = (role: string, values: string): Change =>
  by(({ policy }) => add('redis_instance_info', values, { node: 'other', role, maxmemory_policy: policy }));

const full = (share: number): Change =>
  by(
    () => (all, facts) =>
      all.map((series) => {
        if (series.metric !== 'redis_memory_used_bytes') return series;
        const max = all.find(({ metric }) => metric === 'redis_memory_max_bytes');
        return {
          ...series,
          values: from(0, Math.floor(Number(max?.values.split('x')[0] ?? facts.limitBytes) * share)),
        };
      }),
  );

/** For each alert, figures that raise it. */
export const TROUBLES: Readonly<Record<string, Change>> = {
  RedisNodeDown: both(set('redis_up', from(1, 0), isData), set('probe_success', from(1, 0))),
  RedisExporterDown: set('up', from(1, 0)),
  RedisExporterRefused: by(({ tls }) =>
    tls
      ? set('redis_up', from(1, 0))
      : both(
          set('redis_up', from(1, 0)),
          add('redis_exporter_last_scrape_error', since(1), {
            err: 'WRONGPASS invalid username-password pair',
          }),
        ),
  ),
  RedisNodeRestarted: set('redis_uptime_in_seconds', '1000+60x9 0+60x20'),
  RedisLatencySpike: both(
    add('redis_latency_spike_duration_seconds', since(0.7), { event_name: 'command' }),
    add('redis_latency_spike_last', since(600), { event_name: 'command' }),
  ),
  RedisForkSlow: set('redis_latest_fork_seconds', from(0.01, 0.9)),
  RedisNoPrimary: both(
    set('redis_instance_info', until(1), isPrimary),
    set('redis_master_link_up', from(1, 0)),
  ),
  RedisTwoPrimaries: roleOnce('master', since(1)),
  RedisFailover: both(roleOnce('slave', until(1)), roleOnce('master', since(1))),
  RedisReplicaLinkDown: set('redis_master_link_up', from(1, 0)),
  RedisReplicasMissing: by(({ replicasPerShard }) =>
    set('redis_connected_slaves', from(replicasPerShard, replicasPerShard - 1)),
  ),
  RedisReplicaLagging: set('redis_connected_slave_lag_seconds', from(0, 20)),
  RedisSentinelDown: set('redis_up', from(1, 0), isSentinel),
  RedisSentinelQuorumLost: set('redis_sentinel_master_ckquorum_status', from(1, 0)),
  RedisSentinelsDisagree: by(() =>
    add('redis_sentinel_master_status', since(1), {
      kind: 'sentinel',
      node: 'other',
      master_address: 'another:6379',
    }),
  ),
  RedisSentinelBlind: set('redis_sentinel_master_slaves', from(1, 0)),
  RedisSentinelTilt: set('redis_sentinel_tilt', from(0, 1)),
  RedisClusterDown: set('redis_cluster_state', from(1, 0)),
  RedisClusterSlotsFailing: set('redis_cluster_slots_pfail', from(0, 5461)),
  RedisClusterSlotsUnassigned: set('redis_cluster_slots_assigned', from(16_384, 16_000)),
  RedisClusterNodesMissing: by(({ dataNodes }) =>
    set('redis_cluster_known_nodes', from(dataNodes, dataNodes - 1)),
  ),
  RedisMemoryNearLimit: full(0.9),
  RedisMemoryKeptKeysNearLimit: both(full(0.9), set('redis_db_keys_expiring', from(500, 10))),
  RedisEvictions: set('redis_evicted_keys_total', from(0, 100)),
  RedisPolicyChanged: by(() =>
    add('redis_instance_info', since(1), { role: 'slave', maxmemory_policy: 'allkeys-random' }),
  ),
  RedisWritesRefused: add('redis_errors_total', since(3), { err: 'OOM' }),
  RedisRssNearLimit: by(({ limitBytes }) => set('redis_memory_used_rss_bytes', from(0, limitBytes))),
  RedisConnectionsRejected: set('redis_rejected_connections_total', from(0, 7)),
  RedisClientsNearLimit: by(({ maxClients }) => set('redis_connected_clients', from(20, maxClients - 1))),
  RedisSnapshotFailed: set('redis_rdb_last_bgsave_status', from(1, 0)),
  RedisSnapshotOld: set('redis_rdb_last_save_timestamp_seconds', from(0, -8000)),
  RedisLogWriteFailed: set('redis_aof_last_write_status', from(1, 0)),
  RedisLogRewriteFailed: set('redis_aof_last_bgrewrite_status', from(1, 0)),
  RedisCertificateExpiresSoon: set('probe_ssl_earliest_cert_expiry', from(90 * DAY, 20 * DAY)),
  RedisCertificateExpires: set('probe_ssl_earliest_cert_expiry', from(90 * DAY, 2 * DAY)),
  RedisTlsFailing: set('probe_success', from(1, 0)),
};
