import { sentinelNodes } from '../../model/build.ts';
import { EXPORTER_PORT } from '../../model/monitoring.ts';
import type { StackModel, StackNode } from '../../model/types.ts';

/** Where Prometheus finds things, as host:port. */
export interface Places {
  readonly exporterOf: (node: StackNode) => string;
  /** The node itself, as the probe of certificates reaches it. */
  readonly node: (node: StackNode) => string;
  /** The probe of certificates. */
  readonly probe: string;
}

/** Names and ports inside the Compose network. */
export const IN_COMPOSE: Places = {
  exporterOf: (node) => `exporter-${node.name}:${EXPORTER_PORT}`,
  node: (node) => `${node.name}:${node.port}`,
  probe: 'probe:9115',
};

export const PROBE_MODULE = 'redis_certificate';

/** Seconds between two looks, and how long one may take; exporters give up sooner, so that they can say so. */
export interface Pace {
  readonly everySeconds: number;
  readonly timeoutSeconds: number;
}

export const USUAL_PACE: Pace = { everySeconds: 15, timeoutSeconds: 10 };

/** prometheus.yml as data: one job a kind, each target with the labels that rules and dashboard go by. */
export function prometheusConfig(model: StackModel, places = IN_COMPOSE, pace = USUAL_PACE) {
  const data = model.nodes.filter((node) => node.role !== 'sentinel');
  return {
    global: {
      scrape_interval: `${pace.everySeconds}s`,
      scrape_timeout: `${pace.timeoutSeconds}s`,
      evaluation_interval: `${pace.everySeconds}s`,
    },
    rule_files: ['rules/redis-stack.yml'],
    scrape_configs: [
      exporters(model, 'redis', data, places),
      ...(model.sentinel ? [exporters(model, 'redis-sentinel', sentinelNodes(model.nodes), places)] : []),
      ...(model.spec.security.tls ? [certificates(model, places)] : []),
    ],
  };
}

function exporters(model: StackModel, job: string, nodes: readonly StackNode[], places: Places) {
  return {
    job_name: job,
    static_configs: nodes.map((node) => ({
      targets: [places.exporterOf(node)],
      labels: labels(model, node),
    })),
  };
}

function certificates(model: StackModel, places: Places) {
  return {
    job_name: 'redis-certificates',
    metrics_path: '/probe',
    params: { module: [PROBE_MODULE] },
    static_configs: model.nodes.map((node) => ({
      targets: [places.node(node)],
      labels: labels(model, node),
    })),
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { target_label: '__address__', replacement: places.probe },
    ],
  };
}

/** Of the node, whichever exporter tells of it. Not its role: that one moves, and is a label of `redis_instance_info`. */
function labels(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  return {
    stack: model.spec.name,
    kind: node.role === 'sentinel' ? 'sentinel' : 'data',
    ...(node.role === 'sentinel' ? {} : { shard: String(node.shard) }),
    node: node.name,
    port: String(node.port),
    instance: `${node.name}:${node.port}`,
  };
}

/**
 * The probe's settings: it opens a connection by TLS and reads the certificate. It does not verify it, because an
 * expired one has to be seen as well.
 */
export function probeConfig(timeoutSeconds = 5) {
  return {
    modules: {
      [PROBE_MODULE]: {
        prober: 'tcp',
        timeout: `${timeoutSeconds}s`,
        tcp: { tls: true, tls_config: { insecure_skip_verify: true } },
      },
    },
  };
}
