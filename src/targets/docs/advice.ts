import { isMonitored } from '../../model/monitoring.ts';
import type { StackModel } from '../../model/types.ts';

/** What somebody who runs this stack should have read once. */
export function advice(model: StackModel): readonly string[] {
  const { spec } = model;
  const aof = spec.persistence.mode === 'aof' || spec.persistence.mode === 'hybrid';
  const tips: readonly (string | false)[] = [
    'Set `vm.overcommit_memory = 1` on the host: without it a fork for a snapshot or a resync can fail.',
    spec.persistence.mode === 'none' &&
      'Nothing is kept over a restart, and containers do not restart by themselves: an empty primary would empty its replicas.',
    !aof &&
      'Switch the append-only file on with `CONFIG SET appendonly yes` and wait for the rewrite, then change `redis-stack.yaml`. A restart with `appendonly yes` over a snapshot starts empty.',
    model.sentinel !== undefined &&
      'Do not practise with `SENTINEL FAILOVER` under load: the old primary takes writes for seconds more, and they are lost. Pause writes first (`CLIENT PAUSE 10000 WRITE`).',
    model.joins &&
      'Commands with several keys need them in one slot: give related keys the same `{tag}`. There is only database 0.',
    spec.memory.eviction.startsWith('volatile-') &&
      'Only keys with a TTL are dropped when memory is full: give every cached key one.',
    'The user `app` may not run `KEYS`, `FLUSHALL`, `CONFIG` or `DEBUG`; `admin` may.',
    isMonitored(model) &&
      'Prometheus answers on port 9090 of this machine and Grafana on 3000, as user `admin` with `GRAFANA_ADMIN_PASSWORD` from `.env`; `PROMETHEUS_PORT` and `GRAFANA_PORT` there move them. Alerts reach people through an Alertmanager of yours: see `monitoring/prometheus.yml`.',
    `Licence of the server: ${model.engine.licence}.`,
  ];
  return tips.filter((tip): tip is string => tip !== false);
}
