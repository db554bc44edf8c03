import { type Entry, elsewhere, helm, impossible, needless, read, whole } from './table-entries.ts';

const OWN_TEMPLATES = 'Edit helm/<name>/templates: the chart is yours, and update keeps the edit.';
const FROM_OUTSIDE =
  'Services are inside the cluster here; put a Service of your own in front, in a manifest beside the chart.';

const METRICS: readonly Entry[] = [
  helm(
    ['metrics.serviceMonitor.enabled', 'metrics.podMonitor.enabled'],
    'monitoring.scrape',
    'PodMonitor, ServiceMonitor or none.',
  ),
  whole(
    helm(
      [
        'metrics.serviceMonitor.(additionalLabels|labels|selector)',
        'metrics.podMonitor.additionalLabels',
        'metrics.prometheusRule.additionalLabels',
      ],
      'monitoring.labels',
      'Labels by which your Prometheus finds monitors and rules.',
    ),
  ),
  whole(impossible(['metrics.serviceMonitor.*', 'metrics.podMonitor.*'], OWN_TEMPLATES)),
  helm('metrics.prometheusRule.enabled', 'monitoring.rules', 'The stack brings rules of its own, tested.'),
  whole(
    elsewhere(
      'metrics.prometheusRule.rules',
      'monitoring/',
      'The stack brings rules of its own, tested; add yours beside them.',
    ),
  ),
  impossible('metrics.prometheusRule.namespace', OWN_TEMPLATES),
  needless('metrics.(redis|valkey)TargetHost', 'The exporter knows its server.'),
  whole(needless('metrics.service.*', 'The chart makes it where something scrapes it.')),
  whole(
    impossible(
      ['metrics.extraArgs', 'metrics.podLabels', 'metrics.podAnnotations', 'metrics.priorityClassName'],
      OWN_TEMPLATES,
    ),
  ),
  impossible(['metrics.resources.**', 'metrics.resourcesPreset', 'metrics.containerPorts.*'], OWN_TEMPLATES),
];

const SERVICES: readonly Entry[] = [
  helm(
    ['@data.service.ports.@engine', '@data.containerPorts.@engine', 'sentinel.service.ports.@engine'],
    'ports.client',
    'Port of the nodes and of their Services.',
  ),
  helm('@engine.containerPorts.bus', 'ports.bus', 'Port of the cluster bus.'),
  helm(
    ['sentinel.containerPorts.sentinel', 'sentinel.service.ports.sentinel'],
    'ports.sentinel',
    'Port of the Sentinels.',
  ),
  impossible(['@data.service.type', 'sentinel.service.type'], FROM_OUTSIDE),
  whole(
    impossible(
      [
        '@data.service.(?!ports|nodePorts|portNames|headless)*',
        'sentinel.service.(?!ports|nodePorts|portNames|headless)*',
      ],
      FROM_OUTSIDE,
    ),
  ),
  impossible(['@data.service.*.*', 'sentinel.service.*.*'], FROM_OUTSIDE),
];

const STORAGE: readonly Entry[] = [
  read('@data.persistence.enabled'),
  helm('@data.persistence.size', 'persistence.size', 'Of the volume of one node.'),
  helm('@data.persistence.storageClass', 'persistence.storageClass', 'Of the volume of one node.'),
  helm('@data.persistence.accessModes', 'persistence.accessModes', 'ReadWriteOnce or ReadWriteOncePod.'),
  whole(helm('@data.persistence.annotations', 'persistence.annotations', 'On the claims of the nodes.')),
  impossible(
    '@data.persistence.existingClaim',
    'Each node has a claim of its own: copy the data over before clients move.',
  ),
  needless(
    ['@data.persistence.path', '@data.persistence.subPath', '@data.persistence.subPathExpr'],
    'The data is always at /data of its volume.',
  ),
  needless(
    ['@data.persistence.medium', '@data.persistence.sizeLimit'],
    'A node is the only one to use its volume.',
  ),
  whole(impossible('@data.persistence.*', OWN_TEMPLATES)),
  needless(
    ['@data.persistentVolumeClaimRetentionPolicy.**', 'sentinel.persistentVolumeClaimRetentionPolicy.**'],
    'Volumes are kept when the stack shrinks or goes.',
  ),
];

const CONFIGURATION: readonly Entry[] = [
  whole(read('@node.disableCommands')),
  read('@node.configuration'),
  whole(read('@node.extraFlags')),
  read('@data.resources.limits.memory', '@data.resourcesPreset'),
  helm('@data.resources.requests.cpu', 'cpu.request', 'CPU that a node is promised.'),
  needless(
    ['@data.resources.limits.cpu', 'sentinel.resources.limits.cpu'],
    'A limit stops a server in the midst of its work; give it a request instead.',
  ),
  needless(
    ['@data.resources.requests.memory', 'sentinel.resources.requests.memory'],
    'Memory is asked for as it is limited: a server that is promised less is the first to be killed.',
  ),
  impossible(['@data.resources.**', 'sentinel.resources.**'], OWN_TEMPLATES),
  needless(['@data.resources', '@pod.resources'], 'Nothing is set.'),
  needless(
    'sentinel.resourcesPreset',
    'A Sentinel has a limit of its own here (helm values: sentinel.memory).',
  ),
];

const PODS: readonly Entry[] = [
  whole(helm('@pod.podLabels', 'pod.labels', 'On every pod of the nodes.')),
  whole(helm('@pod.podAnnotations', 'pod.annotations', 'On every pod of the nodes.')),
  whole(helm('@pod.nodeSelector', 'pod.nodeSelector', 'The same words.')),
  whole(helm('@pod.tolerations', 'pod.tolerations', 'The same words.')),
  whole(helm('@pod.affinity', 'pod.affinity', 'In place of the rule that keeps nodes apart.')),
  helm(
    '@pod.podAntiAffinityPreset',
    'pod.apart',
    'How strictly nodes are kept on machines of their own; required by default.',
  ),
  helm(['@pod.podAffinityPreset', '@pod.nodeAffinityPreset.*'], 'pod.affinity', 'Write the wish out.'),
  whole(
    helm(
      ['@pod.topologySpreadConstraints', '@pod.spreadConstraints'],
      'pod.spreadOver',
      'Labels of machines over which the nodes are spread, zones by default.',
    ),
  ),
  helm('@pod.priorityClassName', 'pod.priorityClassName', 'The same word.'),
  helm(
    '@pod.terminationGracePeriodSeconds',
    'stop.graceSeconds',
    'It is computed: a primary hands over first, and replicas catch up.',
  ),
  helm(
    '@data.startupProbe.*',
    'probes.startupSeconds',
    'How long a start may take; it grows with the memory.',
  ),
  needless(
    ['@pod.startupProbe.*', '@pod.livenessProbe.*', '@pod.readinessProbe.*'],
    'The probes of the stack do not kill a node that loads or resynchronises.',
  ),
  whole(
    impossible(
      ['@pod.customStartupProbe', '@pod.customLivenessProbe', '@pod.customReadinessProbe'],
      OWN_TEMPLATES,
    ),
  ),
  whole(
    impossible(
      '@data.podSecurityContext.sysctls',
      'Set kernel parameters on the machines, or edit helm/<name>/templates.',
    ),
  ),
  helm(
    [
      '@data.podSecurityContext.runAsUser',
      '@node.containerSecurityContext.runAsUser',
      'containerSecurityContext.runAsUser',
    ],
    'pod.user',
    'That of the official images by default; a volume that is taken along belongs to another.',
  ),
  helm(
    [
      '@data.podSecurityContext.fsGroup',
      '@node.containerSecurityContext.runAsGroup',
      'containerSecurityContext.runAsGroup',
    ],
    'pod.group',
    'That of the official images by default, also of the volumes.',
  ),
  whole(
    needless(
      ['@data.podSecurityContext.*', '@pod.containerSecurityContext.*'],
      'Pods run without root, without rights and with a read-only root file system.',
    ),
  ),
  whole(
    impossible(
      '@data.serviceAccount.annotations',
      'The chart makes no account: make one with these annotations and name it in pod.serviceAccountName.',
    ),
  ),
  helm(
    '@data.serviceAccount.name',
    'pod.serviceAccountName',
    'The chart makes none; its token is not mounted.',
  ),
  needless(
    ['@data.serviceAccount.*', '@pod.automountServiceAccountToken'],
    'No pod of a node talks to the Kubernetes API.',
  ),
  needless('@data.pdb.*', 'The chart makes its disruption budgets itself.'),
  needless('@pod.enableServiceLinks', 'Always on: nodes find each other by it.'),
  needless(
    ['@data.kind', '@data.podManagementPolicy', '@data.updateStrategy.**', '@data.minReadySeconds'],
    'Nodes are StatefulSets that are replaced one by one, each when the one before is ready.',
  ),
  needless('@data.revisionHistoryLimit', 'Kubernetes keeps ten.'),
  whole(
    impossible(
      ['@pod.command', '@pod.args', '@pod.preExecCmds', '@pod.lifecycleHooks'],
      'Scripts of the stack start, hand over and stop a node; edit helm/<name>/files/scripts, update keeps the edit.',
    ),
  ),
  whole(
    impossible(
      [
        '@pod.extraEnvVars',
        '@pod.extraEnvVarsCM',
        '@pod.extraEnvVarsSecret',
        '@pod.extraVolumes',
        '@pod.extraVolumeMounts',
        '@pod.sidecars',
        '@pod.initContainers',
        '@pod.hostAliases',
        '@pod.dnsConfig',
        '@pod.extraPodSpec',
        '@pod.annotations',
      ],
      OWN_TEMPLATES,
    ),
  ),
  impossible(
    ['@pod.schedulerName', '@pod.shareProcessNamespace', '@pod.dnsPolicy', '@pod.hostNetwork'],
    OWN_TEMPLATES,
  ),
];

/** Keys that the sections of nodes and other containers share. */
export const NODE_ENTRIES: readonly Entry[] = [
  ...METRICS,
  ...SERVICES,
  ...STORAGE,
  ...CONFIGURATION,
  ...PODS,
];
