import type { EngineName } from '../engines/types.ts';
import * as b from './defaults-blocks.ts';

/** The words in which the two charts differ. */
const WORDS = {
  redis: { primary: 'master', Primary: 'Master' },
  valkey: { primary: 'primary', Primary: 'Primary' },
} as const;

/** Only chart `redis` has these. */
export const onlyRedis = (engine: EngineName, more: object): object => (engine === 'redis' ? more : {});

function podOf(engine: EngineName, kind: 'primary' | 'replica') {
  const startup: b.Probe = kind === 'primary' ? [false, 20, 5, 5, 5] : [true, 10, 10, 5, 22];
  return {
    ...onlyRedis(engine, { revisionHistoryLimit: 10, extraPodSpec: {}, annotations: {} }),
    configuration: '',
    disableCommands: ['FLUSHDB', 'FLUSHALL'],
    command: [],
    args: [],
    enableServiceLinks: true,
    preExecCmds: [],
    extraFlags: [],
    ...b.EXTRA_ENVIRONMENT,
    containerPorts: { [engine]: 6379 },
    ...b.probes(startup, [true, 20, 5, 5, 5], [true, 20, 5, 1, 5]),
    ...b.RESOURCES,
    podSecurityContext: b.POD_SECURITY,
    containerSecurityContext: b.CONTAINER_SECURITY,
    kind: 'StatefulSet',
    schedulerName: '',
    updateStrategy: { type: 'RollingUpdate' },
    minReadySeconds: 0,
    priorityClassName: '',
    automountServiceAccountToken: false,
    hostAliases: [],
    podLabels: {},
    podAnnotations: {},
    shareProcessNamespace: false,
    ...b.PLACEMENT,
    topologySpreadConstraints: [],
    dnsPolicy: '',
    dnsConfig: {},
    lifecycleHooks: {},
    ...b.EXTRA_VOLUMES,
    sidecars: [],
    initContainers: [],
    persistence: {
      enabled: true,
      medium: '',
      sizeLimit: '',
      path: '/data',
      subPath: '',
      subPathExpr: '',
      storageClass: '',
      accessModes: ['ReadWriteOnce'],
      size: '8Gi',
      annotations: {},
      labels: {},
      selector: {},
      dataSource: {},
      existingClaim: '',
    },
    persistentVolumeClaimRetentionPolicy: b.KEEP_CLAIMS,
    service: {
      ...b.SERVICE,
      ports: { [engine]: 6379 },
      nodePorts: { [engine]: '' },
      internalTrafficPolicy: 'Cluster',
    },
    terminationGracePeriodSeconds: 30,
    serviceAccount: b.SERVICE_ACCOUNT,
    pdb: b.DISRUPTION_BUDGET,
  };
}

export function primaryOf(engine: EngineName) {
  const pod = podOf(engine, 'primary');
  const names = onlyRedis(engine, { portNames: { redis: 'tcp-redis' } });
  return {
    ...pod,
    ...(engine === 'redis' ? { count: 1 } : { replicaCount: 1 }),
    service: { ...pod.service, externalIPs: [], ...names },
  };
}

const AUTOSCALING = {
  redis: { enabled: false, minReplicas: 1, maxReplicas: 11, targetCPU: '', targetMemory: '' },
  valkey: {
    vpa: {
      enabled: false,
      annotations: {},
      controlledResources: [],
      maxAllowed: {},
      minAllowed: {},
      updatePolicy: { updateMode: 'Auto' },
    },
    hpa: { enabled: false, minReplicas: '', maxReplicas: '', targetCPU: '', targetMemory: '' },
  },
};

export function replicaOf(engine: EngineName) {
  return {
    ...podOf(engine, 'replica'),
    replicaCount: 3,
    podManagementPolicy: '',
    [`external${WORDS[engine].Primary}`]: { enabled: false, host: '', port: 6379 },
    autoscaling: AUTOSCALING[engine],
  };
}

/** Only chart `redis` can show a Sentinel group to the outside and has a Service that follows the primary. */
const REDIS_SENTINEL = {
  extraPodSpec: {},
  masterService: {
    ...b.SERVICE,
    enabled: false,
    ports: { redis: 6379 },
    nodePorts: { redis: '' },
    externalTrafficPolicy: '',
  },
  externalAccess: {
    enabled: false,
    service: {
      loadBalancerIPAnnotaion: '',
      type: 'LoadBalancer',
      redisPort: 6379,
      sentinelPort: 26379,
      loadBalancerIP: [],
      loadBalancerClass: '',
      loadBalancerSourceRanges: [],
      annotations: {},
    },
  },
};

export function sentinelOf(engine: EngineName) {
  const { primary, Primary } = WORDS[engine];
  return {
    ...onlyRedis(engine, REDIS_SENTINEL),
    enabled: false,
    image: b.image(`${engine}-sentinel`, { debug: false }),
    annotations: {},
    [`${primary}Set`]: `my${primary}`,
    quorum: 2,
    [`get${Primary}Timeout`]: 90,
    automateClusterRecovery: false,
    [`${engine}ShutdownWaitFailover`]: true,
    downAfterMilliseconds: 60000,
    failoverTimeout: 180000,
    parallelSyncs: 1,
    configuration: '',
    command: [],
    args: [],
    enableServiceLinks: true,
    preExecCmds: [],
    ...b.EXTRA_ENVIRONMENT,
    [`external${Primary}`]: { enabled: false, host: '', port: 6379 },
    containerPorts: { sentinel: 26379 },
    ...b.probes([true, 10, 10, 5, 22], [true, 20, 10, 5, 6], [true, 20, 5, 1, 6]),
    persistence: {
      enabled: false,
      storageClass: '',
      accessModes: ['ReadWriteOnce'],
      size: '100Mi',
      annotations: {},
      labels: {},
      selector: {},
      dataSource: {},
      medium: '',
      sizeLimit: '',
    },
    persistentVolumeClaimRetentionPolicy: b.KEEP_CLAIMS,
    ...b.RESOURCES,
    containerSecurityContext: b.CONTAINER_SECURITY,
    lifecycleHooks: {},
    ...b.EXTRA_VOLUMES,
    service: {
      ...b.SERVICE,
      ports: { [engine]: 6379, sentinel: 26379 },
      nodePorts: { [engine]: '', sentinel: '' },
      [`create${Primary}`]: false,
      headless: { annotations: {}, ...onlyRedis(engine, { extraPorts: [] }) },
    },
    terminationGracePeriodSeconds: 30,
  };
}
