import { TLS_SECRETS } from '../../model/environment.ts';
import {
  EXPORTER_PASSWORDS,
  EXPORTER_USER,
  exporterAddress,
  GRAFANA_ADMIN,
  isMonitored,
} from '../../model/monitoring.ts';
import type { StackModel, StackNode } from '../../model/types.ts';
import { IMAGES } from '../images.ts';
import { GRAFANA_FOLDER } from '../monitoring/grafana.ts';
import { confined, type Service } from './confined.ts';
import type { ComposeProject } from './project.ts';
import { trustSecrets } from './tls.ts';

/** Started with `docker compose --profile monitoring up -d` only. */
const PROFILE = 'monitoring';

/** Adds an exporter a node, Prometheus and Grafana, where the stack is to be watched. */
export function withMonitoring(project: ComposeProject, model: StackModel): ComposeProject {
  if (!isMonitored(model)) return project;
  const services = [
    ...model.nodes.map((node) => ({
      name: `exporter-${node.name}`,
      from: 'x-exporter',
      service: exporterService(model, node),
    })),
    ...(model.spec.security.tls ? [{ name: 'probe', service: probeService() }] : []),
    { name: 'prometheus', service: prometheusService() },
    { name: 'grafana', service: grafanaService() },
  ];
  const secrets = {
    [EXPORTER_PASSWORDS]: { file: `./.secrets/${EXPORTER_PASSWORDS}` },
    [GRAFANA_ADMIN.name]: { file: `./.secrets/${GRAFANA_ADMIN.name}` },
  };
  return {
    shared: { ...project.shared, 'x-exporter': sharedExporter(model) },
    services: [...project.services, ...services],
    rest: {
      ...project.rest,
      volumes: { ...(project.rest.volumes as Service), prometheus: null, grafana: null },
      secrets: { ...(project.rest.secrets as Service), ...secrets },
    },
  };
}

const watcher = (image: string, user: string, memory: string): Service => ({
  image,
  profiles: [PROFILE],
  ...confined({ user, memory, processes: 128 }),
  restart: 'unless-stopped',
  networks: ['stack'],
});

function sharedExporter(model: StackModel): Service {
  return {
    ...watcher(IMAGES.exporter, '59000:59000', '64m'),
    environment: {
      REDIS_USER: EXPORTER_USER,
      REDIS_PASSWORD_FILE: `/run/secrets/${EXPORTER_PASSWORDS}`,
      // It tries twice, and has to be done before Prometheus loses patience: a node that hangs is then told from an
      // exporter that does.
      REDIS_EXPORTER_CONNECTION_TIMEOUT: '3s',
      // Its user may not read settings: the password of the replicas is one of them.
      REDIS_EXPORTER_CONFIG_COMMAND: '-',
      ...(model.spec.security.tls
        ? { REDIS_EXPORTER_TLS_CA_CERT_FILE: `/run/secrets/${TLS_SECRETS.ca}` }
        : {}),
    },
    secrets: [EXPORTER_PASSWORDS, ...trustSecrets(model)],
  };
}

function exporterService(model: StackModel, node: StackNode): Service {
  // By flag, so that the settings of all exporters stay in one block.
  return { command: [`-redis.addr=${exporterAddress(model, { host: node.name, port: node.port })}`] };
}

function probeService(): Service {
  return {
    ...watcher(IMAGES.probe, '65534:65534', '64m'),
    command: ['--config.file=/etc/redis-stack/probe.yml'],
    volumes: ['./monitoring:/etc/redis-stack:ro'],
  };
}

function prometheusService(): Service {
  return {
    ...watcher(IMAGES.prometheus, '65534:65534', '512m'),
    command: [
      '--config.file=/etc/redis-stack/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      '--storage.tsdb.retention.time=15d',
      '--storage.tsdb.retention.size=2GB',
    ],
    volumes: ['./monitoring:/etc/redis-stack:ro', 'prometheus:/prometheus'],
    ports: [published('PROMETHEUS_PORT', 9090)],
    healthcheck: {
      test: ['CMD', 'promtool', 'query', 'instant', 'http://127.0.0.1:9090', 'vector(1)'],
      interval: '15s',
      timeout: '5s',
      start_period: '60s',
    },
  };
}

function grafanaService(): Service {
  return {
    ...watcher(IMAGES.grafana, '472:0', '384m'),
    environment: {
      GF_SECURITY_ADMIN_PASSWORD__FILE: `/run/secrets/${GRAFANA_ADMIN.name}`,
      GF_PATHS_PROVISIONING: `${GRAFANA_FOLDER}/provisioning`,
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${GRAFANA_FOLDER}/dashboard.json`,
      GF_USERS_ALLOW_SIGN_UP: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_LOG_MODE: 'console',
    },
    volumes: [`./monitoring/grafana:${GRAFANA_FOLDER}:ro`, 'grafana:/var/lib/grafana'],
    tmpfs: ['/tmp'],
    secrets: [GRAFANA_ADMIN.name],
    ports: [published('GRAFANA_PORT', 3000)],
  };
}

/** On this machine only; the variable moves it, for two stacks on one host. */
function published(variable: string, port: number): string {
  const value = `{${variable}:-${port}}`;
  return `127.0.0.1:$${value}:${port}`;
}
