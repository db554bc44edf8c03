import type { EngineName } from '../engines/types.ts';
import * as b from './defaults-blocks.ts';
import type { Tree } from './types.ts';

const SECURITY = { ...b.CONTAINER_SECURITY, privileged: false };

function nodeOf(engine: EngineName) {
  return {
    command: [],
    args: [],
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    podManagementPolicy: 'Parallel',
    automountServiceAccountToken: false,
    hostAliases: [],
    hostNetwork: false,
    useAOFPersistence: 'yes',
    containerPorts: { [engine]: 6379, bus: 16379 },
    lifecycleHooks: {},
    ...b.EXTRA_VOLUMES,
    ...b.probes([false, 300, 10, 5, 6], [true, 5, 5, 5, 5], [true, 5, 5, 1, 5]),
    startupProbe: { ...b.probe([false, 300, 10, 5, 6]), path: '/' },
    initContainers: [],
    sidecars: [],
    podLabels: {},
    priorityClassName: '',
    defaultConfigOverride: '',
    configmap: '',
    ...b.EXTRA_ENVIRONMENT,
    podAnnotations: {},
    ...b.RESOURCES,
    schedulerName: '',
    shareProcessNamespace: false,
    ...b.PLACEMENT,
    topologySpreadConstraints: [],
  };
}

const UPDATE_JOB = {
  activeDeadlineSeconds: 600,
  command: [],
  args: [],
  automountServiceAccountToken: false,
  hostAliases: [],
  helmHook: 'post-upgrade',
  annotations: {},
  podAnnotations: {},
  podLabels: {},
  ...b.EXTRA_ENVIRONMENT,
  ...b.EXTRA_VOLUMES,
  initContainers: [],
  ...b.PLACEMENT,
  priorityClassName: '',
  ...b.RESOURCES,
};

const CLUSTER = {
  init: true,
  nodes: 6,
  replicas: 1,
  externalAccess: {
    enabled: false,
    hostMode: false,
    service: {
      disableLoadBalancerIP: false,
      loadBalancerIPAnnotaion: '',
      type: 'LoadBalancer',
      port: 6379,
      loadBalancerIP: [],
      loadBalancerSourceRanges: [],
      annotations: {},
    },
  },
  update: { addNodes: false, currentNumberOfNodes: 6, currentNumberOfReplicas: 1, newExternalIPs: [] },
};

const METRICS = {
  enabled: false,
  image: b.image('redis-exporter'),
  ...b.RESOURCES,
  extraArgs: {},
  extraEnvVars: [],
  containerPorts: { http: 9121 },
  podAnnotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': b.ANY },
  podLabels: {},
  containerSecurityContext: SECURITY,
  serviceMonitor: {
    enabled: false,
    namespace: '',
    interval: '',
    scrapeTimeout: '',
    selector: {},
    labels: {},
    annotations: {},
    jobLabel: '',
    relabelings: [],
    metricRelabelings: [],
  },
  prometheusRule: { enabled: false, additionalLabels: {}, namespace: '', rules: [] },
  priorityClassName: '',
  service: {
    type: 'ClusterIP',
    ports: { http: 9121 },
    clusterIP: '',
    loadBalancerIP: '',
    annotations: {},
    labels: {},
  },
};

const PERSISTENCE = {
  enabled: true,
  subPath: '',
  storageClass: '',
  annotations: {},
  labels: {},
  accessModes: ['ReadWriteOnce'],
  size: '8Gi',
  matchLabels: {},
  matchExpressions: {},
};

function serviceOf(engine: EngineName) {
  const { loadBalancerClass: _, ...service } = b.SERVICE;
  return {
    ...service,
    ports: { [engine]: 6379 },
    nodePorts: { [engine]: '' },
    labels: {},
    headless: { annotations: {} },
  };
}

const ROOT_SECURITY = { enabled: true, seLinuxOptions: {}, runAsUser: 0 };

/** The charts `redis-cluster` and `valkey-cluster` have the same keys, but for the engine's name in them. */
export function clusterDefaults(engine: EngineName): Tree {
  return {
    global: b.global(engine),
    nameOverride: '',
    fullnameOverride: '',
    clusterDomain: 'cluster.local',
    commonAnnotations: {},
    commonLabels: {},
    extraDeploy: [],
    diagnosticMode: b.DIAGNOSTIC_MODE,
    image: b.image(`${engine}-cluster`, { debug: false }),
    networkPolicy: b.NETWORK_POLICY,
    serviceAccount: b.SERVICE_ACCOUNT,
    rbac: { create: false, role: { rules: [] } },
    podSecurityContext: b.POD_SECURITY,
    podDisruptionBudget: {},
    pdb: b.DISRUPTION_BUDGET,
    containerSecurityContext: SECURITY,
    usePassword: true,
    password: '',
    existingSecret: '',
    existingSecretPasswordKey: '',
    usePasswordFiles: true,
    tls: { ...b.TLS, certificatesSecret: '' },
    service: serviceOf(engine),
    persistence: { ...PERSISTENCE, path: `/bitnami/${engine}/data` },
    persistentVolumeClaimRetentionPolicy: b.KEEP_CLAIMS,
    volumePermissions: {
      enabled: false,
      image: b.image('os-shell'),
      containerSecurityContext: { ...ROOT_SECURITY, privileged: false },
      ...b.RESOURCES,
    },
    [engine]: nodeOf(engine),
    updateJob: UPDATE_JOB,
    cluster: CLUSTER,
    metrics: METRICS,
    sysctlImage: {
      ...b.image('os-shell'),
      enabled: false,
      command: [],
      mountHostSys: false,
      containerSecurityContext: { ...ROOT_SECURITY, privileged: true },
      ...b.RESOURCES,
    },
  };
}
