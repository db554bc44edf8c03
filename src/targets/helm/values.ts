import { dataNodes, sentinelNodes } from '../../model/build.ts';
import { GIB, MIB } from '../../model/bytes.ts';
import { isMonitored } from '../../model/monitoring.ts';
import type { AclUser, Directive, StackModel } from '../../model/types.ts';
import { IMAGES } from '../images.ts';

/** A directive's arguments, or several lines of them. */
type Config = Readonly<Record<string, string | readonly string[]>>;

/** The usual ones: every pod has an address of its own, so that none need differ. */
const PORTS = { client: 6379, bus: 16_379, sentinel: 26_379 };

/** A volume has room for the data twice over, since a log is rewritten beside the old one, and some more. */
const VOLUME_PER_MEMORY = 3;
const LEAST_VOLUME = 8 * GIB;

/** What `values.yaml` holds: all that the chart's templates ask for, decided by the model. */
export function chartValues(model: StackModel) {
  const { spec, engine, memory } = model;
  const data = dataNodes(model.nodes);
  const shards = new Set(data.map((node) => node.shard)).size;
  return {
    nameOverride: '',
    fullnameOverride: '',
    commonLabels: {},
    engine: { name: engine.name, server: engine.server, cli: engine.cli },
    image: { ...image(engine.image), pullPolicy: 'IfNotPresent' },
    imagePullSecrets: [],
    topology: spec.topology.kind,
    shards,
    replicas: data.length / shards - 1,
    leaving: 0,
    ports: PORTS,
    clusterDomain: 'cluster.local',
    memory: { limit: quantity(memory.limitBytes) },
    cpu: { request: '250m' },
    config: config(model.directives),
    users: users(model.users),
    sentinel: sentinelValues(model),
    secrets: {
      existing: `${spec.name}-passwords`,
      externalSecret: {
        enabled: false,
        store: { kind: 'SecretStore', name: '' },
        key: '',
        refreshInterval: '1h',
      },
    },
    tls: {
      enabled: spec.security.tls,
      existing: spec.security.tls ? `${spec.name}-tls` : '',
      certManager: {
        enabled: false,
        issuer: { kind: 'Issuer', name: '' },
        duration: '2160h',
        renewBefore: '720h',
      },
    },
    persistence: {
      enabled: model.persistent,
      size: quantity(volumeBytes(memory.limitBytes)),
      storageClass: '',
      accessModes: ['ReadWriteOnce'],
      annotations: {},
    },
    stop: { handoverSeconds: model.handoverSeconds, graceSeconds: model.stopGraceSeconds },
    probes: { startupSeconds: 60 },
    pod: {
      user: 999,
      group: 999,
      serviceAccountName: '',
      labels: {},
      annotations: {},
      nodeSelector: {},
      tolerations: [],
      affinity: {},
      apart: 'required',
      spreadOver: ['topology.kubernetes.io/zone'],
      priorityClassName: '',
      runtimeClassName: '',
    },
    networkPolicy: { enabled: true, clients: [], monitoring: [], egress: [] },
    proxy: {
      enabled: model.sentinel !== undefined,
      image: image(IMAGES.haproxy),
      replicas: 2,
      memory: '128Mi',
      maxConnections: 2000,
    },
    monitoring: {
      enabled: isMonitored(model),
      image: image(IMAGES.exporter),
      scrape: 'PodMonitor',
      labels: {},
      rules: isMonitored(model),
      dashboard: isMonitored(model),
    },
    backup: backupValues(model),
    restore: { set: '', over: false, memory: '' },
  };
}

/** In steps of two, since the volumes of a release cannot be changed by an upgrade: more memory need not mean others. */
function volumeBytes(limitBytes: number): number {
  let bytes = LEAST_VOLUME;
  while (bytes < limitBytes * VOLUME_PER_MEMORY) bytes *= 2;
  return bytes;
}

function sentinelValues({ sentinel, nodes, memory }: StackModel) {
  const watched = sentinel?.directives.filter((d) => d.name === 'sentinel') ?? [];
  const plain = sentinel?.directives.filter((d) => d.name !== 'sentinel') ?? [];
  // `sentinel <option> <name of the primary> <value>`; the line that says whom to watch is the chart's own.
  const options = watched
    .map(({ args: [option = '', , ...rest] }) => [option, rest.join(' ')] as const)
    .filter(([option]) => option !== 'monitor');
  return {
    count: sentinelNodes(nodes).length || 3,
    quorum: sentinel?.quorum ?? 2,
    memory: quantity(Math.min(128 * MIB, memory.limitBytes)),
    size: '1Gi',
    options: Object.fromEntries(options),
    config: config(plain),
    users: users(sentinel?.users ?? []),
  };
}

function backupValues({ backup, memory }: StackModel) {
  const { bucket } = backup;
  return {
    enabled: backup.scheduled,
    schedule: schedule(backup.everySeconds),
    keep: backup.keep,
    size: quantity(Math.max(1, Math.ceil((memory.limitBytes * backup.keep) / GIB)) * GIB),
    storageClass: '',
    existingClaim: '',
    bucket: {
      name: bucket?.name ?? '',
      prefix: bucket?.prefix ?? '',
      endpoint: bucket?.endpoint ?? '',
      region: bucket?.region ?? '',
      existingSecret: '',
      image: image(IMAGES.rclone),
    },
  };
}

/** The nearest that cron can say: so many minutes or hours within a day, else each night. */
function schedule(everySeconds: number): string {
  const minutes = Math.round(everySeconds / 60);
  if (minutes < 60) return `*/${nearestDivisor(minutes, 60)} * * * *`;
  const hours = Math.round(minutes / 60);
  return hours < 24 ? `17 */${nearestDivisor(hours, 24)} * * *` : '17 3 * * *';
}

/** The greatest divisor that is not above: cron begins anew with each hour and each day. */
function nearestDivisor(n: number, of: number): number {
  let divisor = Math.max(1, Math.min(n, of));
  while (of % divisor !== 0) divisor--;
  return divisor;
}

function config(directives: readonly Directive[]): Config {
  const lines = new Map<string, readonly string[]>();
  for (const { name, args } of directives) lines.set(name, [...(lines.get(name) ?? []), args.join(' ')]);
  return Object.fromEntries(
    [...lines].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

function users(list: readonly AclUser[]): Readonly<Record<string, string>> {
  return Object.fromEntries(list.map(({ name, rules }) => [name, rules.join(' ')]));
}

function image(name: string) {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest: '' };
}

/** As Kubernetes writes it. */
function quantity(bytes: number): string {
  if (bytes % GIB === 0) return `${bytes / GIB}Gi`;
  return bytes % MIB === 0 ? `${bytes / MIB}Mi` : String(bytes);
}
