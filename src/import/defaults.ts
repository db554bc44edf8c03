import type { EngineName } from '../engines/types.ts';
import * as b from './defaults-blocks.ts';
import { clusterDefaults } from './defaults-cluster.ts';
import { onlyRedis, primaryOf, replicaOf, sentinelOf } from './defaults-nodes.ts';
import type { Chart, Tree } from './types.ts';

const monitor = (engine: EngineName, port: string) => ({
  ...onlyRedis(engine, { tlsConfig: {}, relabellings: [] }),
  port,
  enabled: false,
  namespace: '',
  interval: '30s',
  scrapeTimeout: '',
  relabelings: [],
  metricRelabelings: [],
  honorLabels: false,
  additionalLabels: {},
  podTargetLabels: [],
  sampleLimit: false,
  targetLimit: false,
  additionalEndpoints: [],
});

function metricsOf(engine: EngineName) {
  const { sessionAffinity: _, sessionAffinityConfig: __, ...service } = b.SERVICE;
  return {
    enabled: false,
    image: b.image('redis-exporter'),
    containerPorts: { http: 9121 },
    ...b.probes([false, 10, 10, 5, 5], [true, 10, 10, 5, 5], [true, 5, 10, 1, 3]),
    command: [],
    [`${engine}TargetHost`]: 'localhost',
    extraArgs: {},
    extraEnvVars: [],
    containerSecurityContext: b.CONTAINER_SECURITY,
    ...b.EXTRA_VOLUMES,
    ...b.RESOURCES,
    podLabels: {},
    podAnnotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9121' },
    service: { ...service, enabled: true, ports: { http: 9121 } },
    serviceMonitor: monitor(engine, 'http-metrics'),
    podMonitor: monitor(engine, 'metrics'),
    prometheusRule: { enabled: false, namespace: '', additionalLabels: {}, rules: [] },
  };
}

function helpersOf(engine: EngineName) {
  const label = engine === 'redis' ? 'master' : 'primary';
  return {
    volumePermissions: {
      ...onlyRedis(engine, { extraEnvVars: [] }),
      enabled: false,
      image: b.image('os-shell'),
      ...b.RESOURCES,
      containerSecurityContext: { seLinuxOptions: {}, runAsUser: 0 },
    },
    kubectl: {
      image: b.image('kubectl'),
      command: [`/opt/bitnami/scripts/kubectl-scripts/update-${label}-label.sh`],
      containerSecurityContext: b.CONTAINER_SECURITY,
      ...b.RESOURCES_BEFORE_PRESETS,
    },
    useExternalDNS: {
      enabled: false,
      suffix: '',
      annotationKey: 'external-dns.alpha.kubernetes.io/',
      additionalAnnotations: {},
    },
  };
}

/** Only in chart `redis`. */
const REDIS_TOP = {
  configmapChecksumAnnotations: true,
  secretChecksumAnnotations: true,
  sysctl: {
    enabled: false,
    image: b.image('os-shell'),
    command: [],
    mountHostSys: false,
    ...b.RESOURCES,
  },
};

const ACL = { enabled: false, sentinel: false, users: [], userSecret: '' };

export const COMMON_CONFIGURATION = 'appendonly yes\nsave ""';

function replicationDefaults(engine: EngineName): Tree {
  return {
    global: b.global(engine),
    kubeVersion: '',
    nameOverride: '',
    fullnameOverride: '',
    namespaceOverride: '',
    commonLabels: {},
    commonAnnotations: {},
    secretAnnotations: {},
    clusterDomain: 'cluster.local',
    extraDeploy: [],
    useHostnames: true,
    nameResolutionThreshold: 5,
    nameResolutionTimeout: 5,
    diagnosticMode: b.DIAGNOSTIC_MODE,
    image: b.image(engine, { debug: false }),
    architecture: 'replication',
    auth: {
      enabled: true,
      sentinel: true,
      password: '',
      existingSecret: '',
      existingSecretPasswordKey: '',
      usePasswordFiles: true,
      usePasswordFileFromSecret: true,
      ...onlyRedis(engine, { acl: ACL }),
    },
    commonConfiguration: COMMON_CONFIGURATION,
    existingConfigmap: '',
    [engine === 'redis' ? 'master' : 'primary']: primaryOf(engine),
    replica: replicaOf(engine),
    sentinel: sentinelOf(engine),
    serviceBindings: { enabled: false },
    networkPolicy: {
      ...b.NETWORK_POLICY,
      metrics: { allowExternal: true, ingressNSMatchLabels: {}, ingressNSPodMatchLabels: {} },
    },
    podSecurityPolicy: { create: false, enabled: false },
    rbac: { create: false, rules: [] },
    serviceAccount: b.SERVICE_ACCOUNT,
    pdb: {},
    tls: { ...b.TLS, ...onlyRedis(engine, { certificatesSecret: '' }) },
    metrics: metricsOf(engine),
    ...helpersOf(engine),
    ...(engine === 'redis' ? REDIS_TOP : { apiVersions: [] }),
  };
}

/**
 * What the charts set where nobody says otherwise: redis 21.2.10, valkey 3.0.9 and the cluster charts of the same time.
 * Other releases differ in a few keys; those are then listed one by one instead of being counted.
 */
export const CHART_DEFAULTS: Readonly<Record<Chart, Tree>> = {
  redis: replicationDefaults('redis'),
  valkey: replicationDefaults('valkey'),
  'redis-cluster': clusterDefaults('redis'),
  'valkey-cluster': clusterDefaults('valkey'),
};
