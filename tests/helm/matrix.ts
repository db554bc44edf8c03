import type { SpecInput } from '../../src/spec/schema.ts';
import type { Known } from '../support/kubernetes/available.ts';
import type { PodWishes } from '../support/kubernetes/policy.ts';
import { pairwise, type Row } from './pairwise.ts';

/** What can be chosen, in the spec or in the values. */
export const CHOICES = {
  topology: ['standalone', 'sentinel', 'cluster'],
  engine: ['redis 7.0', 'redis 8.0', 'valkey 8.1', 'valkey 9.1'],
  replicas: ['least', 'more'],
  tls: ['off', 'existing', 'cert-manager'],
  persistence: ['aof', 'rdb', 'none'],
  proxy: ['off', 'on'],
  monitoring: ['off', 'PodMonitor', 'ServiceMonitor', 'none'],
  rules: ['off', 'on'],
  backup: ['off', 'volume', 'bucket'],
  restore: ['off', 'on'],
  secrets: ['existing', 'external'],
  network: ['closed', 'open', 'with peers'],
  users: ['own', 'none'],
  pods: ['plain', 'told'],
  name: ['shop', 'another', 'long'],
} as const;

type Choices = Row<typeof CHOICES>;

/** One chart and how it is installed. */
export interface Case {
  readonly title: string;
  readonly input: SpecInput;
  readonly values: object;
  readonly release: string;
  /** What has to be there beside the chart. */
  readonly known: Known;
  /** Policies that these values switch off. */
  readonly without: readonly string[];
  readonly wishes: PodWishes;
}

/** False for choices that mean nothing without another one. */
export function goTogether({
  topology,
  proxy,
  monitoring,
  rules,
  backup,
  restore,
}: Partial<Choices>): boolean {
  if (proxy === 'on' && topology && topology !== 'sentinel') return false;
  if (restore === 'on' && backup === 'off') return false;
  return !(rules === 'on' && monitoring === 'off');
}

const WISHES = {
  priorityClassName: 'data',
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'data', operator: 'Exists', effect: 'NoSchedule' }],
  imagePullSecrets: [{ name: 'registry' }],
};

const LONG_NAME = 'n'.repeat(40);

function asCase(row: Choices): Case {
  const wishes = row.pods === 'told' ? WISHES : {};
  const { imagePullSecrets, ...pod } = { imagePullSecrets: [], ...wishes };
  return {
    title: Object.entries(row)
      .map(([axis, choice]) => `${axis} ${choice}`)
      .join(', '),
    input: specOf(row),
    values: {
      imagePullSecrets,
      pod: {
        ...pod,
        ...(row.pods === 'told' && {
          labels: { team: 'shop' },
          annotations: { note: 'yes' },
          apart: 'preferred',
          serviceAccountName: 'servers',
        }),
      },
      ...(row.name === 'long' && { fullnameOverride: LONG_NAME }),
      ...(row.pods === 'told' && { commonLabels: { 'cost-center': '12' } }),
      proxy: { enabled: row.proxy === 'on' },
      tls: tlsOf(row),
      secrets: secretsOf(row),
      networkPolicy: networkOf(row),
      monitoring: monitoringOf(row),
      backup: row.backup === 'bucket' ? { bucket: { existingSecret: 'bucket' } } : {},
      restore: { set: row.restore === 'on' ? 'newest' : '' },
    },
    release: row.name === 'another' ? 'orders' : 'shop',
    known: {
      Secret: ['shop-passwords', 'certificates', 'registry', 'bucket'],
      ServiceAccount: ['servers'],
    },
    without: row.network === 'open' ? ['network-policy', 'network-policy-lets-in'] : [],
    wishes,
  };
}

function specOf(row: Choices): SpecInput {
  const [name = '', version = ''] = row.engine.split(' ');
  const more = row.replicas === 'more';
  const topologies = {
    standalone: { kind: 'standalone' },
    sentinel: { kind: 'sentinel', replicas: more ? 2 : 1, sentinels: more ? 5 : 3 },
    cluster: { kind: 'cluster', shards: more ? 4 : 3, replicas: more ? 2 : 1 },
  } as const;
  return {
    engine: { name: name === 'valkey' ? 'valkey' : 'redis', version },
    workload: ['cache'],
    topology: topologies[row.topology],
    persistence: { mode: row.persistence },
    security: {
      tls: row.tls !== 'off',
      users: row.users === 'own' ? [{ name: 'report', access: 'readonly', keys: ['orders:*'] }] : [],
    },
    ...(row.backup !== 'off' && {
      backup: { every: '6h', keep: 4, to: row.backup === 'bucket' ? 's3://shop/sets' : 'folder' },
    }),
    targets: row.monitoring === 'off' ? ['helm'] : ['helm', 'monitoring'],
    accept: ['persistence/replicas-without-persistence'],
  };
}

function tlsOf({ tls }: Choices) {
  const isIssued = tls === 'cert-manager';
  return {
    existing: tls === 'existing' ? 'certificates' : '',
    certManager: { enabled: isIssued, issuer: { kind: 'ClusterIssuer', name: isIssued ? 'own' : '' } },
  };
}

const secretsOf = ({ secrets }: Choices) =>
  secrets === 'existing'
    ? { existing: 'shop-passwords' }
    : {
        existing: '',
        externalSecret: {
          enabled: true,
          store: { kind: 'ClusterSecretStore', name: 'vault' },
          key: 'shop/redis',
        },
      };

function networkOf({ network }: Choices) {
  if (network !== 'with peers') return { enabled: network === 'closed' };
  const inside = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } };
  const store = { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 443 }] };
  return { enabled: true, clients: [inside], monitoring: [inside], egress: [store] };
}

const monitoringOf = ({ monitoring, rules }: Choices) =>
  monitoring === 'off'
    ? { enabled: false, rules: false, dashboard: false }
    : {
        enabled: true,
        scrape: monitoring,
        rules: rules === 'on',
        dashboard: rules === 'on',
        labels: { release: 'prometheus' },
      };

export const ROWS: readonly Choices[] = pairwise(CHOICES, goTogether);

export const CASES: readonly Case[] = ROWS.map(asCase);
