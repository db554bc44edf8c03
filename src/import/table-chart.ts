import { elsewhere, helm, impossible, needless, read, secret, whole } from './table-entries.ts';

const OWN_TEMPLATES = 'Edit helm/<name>/templates: the chart is yours, and update keeps the edit.';
const OWN_MANIFESTS = 'Keep such objects in manifests of your own beside the chart.';
const FROM_OUTSIDE =
  'Services are inside the cluster here; put a Service of your own in front, in a manifest beside the chart.';

/** Keys that are there once, mostly at the top of a values file. */
export const CHART_ENTRIES = [
  read('architecture', 'fullnameOverride', 'nameOverride', 'image.tag', 'commonConfiguration'),
  read('sentinel.enabled', 'sentinel.quorum', 'replica.replicaCount', 'cluster.nodes', 'cluster.replicas'),
  read('(master|primary).(count|replicaCount)', 'tls.enabled', 'metrics.enabled'),
  read('auth.acl.enabled', '@engine.useAOFPersistence'),
  whole(read('auth.acl.users')),
  read('@engine.configmap', '@engine.defaultConfigOverride'),
  read('auth.enabled', 'usePassword'),

  secret(
    ['auth.password', 'password', 'global.@engine.password'],
    'Never written into a spec. After the stack is written, put it into .env as REDIS_APP_PASSWORD and run `create-redis-stack update` before the first start (in Kubernetes: into the Secret that secrets.existing names, key app). Clients log in as the user app.',
  ),
  helm(
    ['auth.existingSecret', 'existingSecret', 'auth.acl.userSecret'],
    'secrets.existing',
    'The Secret has one key a user here: app, admin, replication, probe, backup, exporter, sentinel, and your own.',
  ),
  needless(
    ['auth.existingSecretPasswordKey', 'existingSecretPasswordKey'],
    'The keys of the Secret are named after the users.',
  ),
  needless(
    ['auth.usePasswordFiles', 'auth.usePasswordFileFromSecret', 'usePasswordFile', 'usePasswordFiles'],
    'Passwords are always files here, and no environment variables.',
  ),
  needless(['auth.sentinel', 'auth.acl.sentinel'], 'Sentinels always have users and passwords here.'),

  helm('global.imageRegistry', 'image.repository', 'The registry stands before the name of the image.'),
  whole(
    helm(['global.imagePullSecrets', 'image.pullSecrets'], 'imagePullSecrets', 'As a list of {name: …}.'),
  ),
  helm(
    ['global.storageClass', 'global.defaultStorageClass'],
    'persistence.storageClass',
    'Of the volumes of the data nodes.',
  ),
  needless('global.security.**', 'Official images are used; nobody checks them against a list of Bitnami.'),
  helm(
    'global.compatibility.**',
    'pod.user',
    'Pods run as pod.user and pod.group: on OpenShift set them to numbers that the namespace may use.',
  ),

  read('image.repository', 'image.registry'),
  needless('image.digest', 'It is that of another image; pin the digest of the official one.'),
  helm('image.pullPolicy', 'image.pullPolicy', 'The same words.'),
  needless('image.debug', 'The official images have no such mode; set loglevel in conf/redis.conf.'),
  needless(
    [
      'sentinel.image.**',
      'metrics.image.**',
      'volumePermissions.image.**',
      'kubectl.image.**',
      'sysctl.image.**',
    ],
    'Images of Bitnami are not used: servers and Sentinels run from the official one, the exporter from its own.',
  ),

  needless(['kubeVersion', 'apiVersions'], 'Helm asks the cluster.'),
  needless('namespaceOverride', 'Give the namespace to helm: --namespace.'),
  whole(helm('commonLabels', 'commonLabels', 'On all objects.')),
  whole(impossible(['commonAnnotations', 'secretAnnotations'], OWN_TEMPLATES)),
  needless(
    ['configmapChecksumAnnotations', 'secretChecksumAnnotations'],
    'Pods learn of changed configuration by themselves here.',
  ),
  helm('clusterDomain', 'clusterDomain', 'The same word.'),
  whole(elsewhere('extraDeploy', 'manifests of your own beside the chart', OWN_MANIFESTS)),
  needless(
    ['useHostnames', 'nameResolutionThreshold', 'nameResolutionTimeout'],
    'Each pod has a Service of its own, and nodes know each other by its address: no name has to be resolved.',
  ),
  needless('common.**', 'Of the library of the chart.'),
  needless('diagnosticMode.**', 'For debugging an image of Bitnami.'),
  impossible(
    'existingConfigmap',
    'Put its directives into conf/redis.conf, or into this file as commonConfiguration and import again.',
  ),
  impossible('serviceBindings.**', OWN_MANIFESTS),

  helm('networkPolicy.enabled', 'networkPolicy.enabled', 'On by default.'),
  helm(
    'networkPolicy.allowExternal',
    'networkPolicy.clients',
    'Clients are the pods that have the label of the release (see the README of the chart), and those named there.',
  ),
  whole(
    helm(
      [
        'networkPolicy.extraIngress',
        'networkPolicy.ingressNSMatchLabels',
        'networkPolicy.ingressNSPodMatchLabels',
      ],
      'networkPolicy.clients',
      'A list of peers as in a NetworkPolicy.',
    ),
  ),
  whole(
    helm(
      ['networkPolicy.extraEgress', 'networkPolicy.allowExternalEgress'],
      'networkPolicy.egress',
      'A list of rules as in a NetworkPolicy; other ways out are shut.',
    ),
  ),
  whole(
    helm('networkPolicy.metrics.*', 'networkPolicy.monitoring', 'A list of peers as in a NetworkPolicy.'),
  ),
  needless('podSecurityPolicy.**', 'Kubernetes has had none since 1.25.'),
  whole(
    needless(['rbac.**', 'rbac.rules', 'rbac.role.rules'], 'No pod of a node talks to the Kubernetes API.'),
  ),
  whole(needless(['pdb', 'podDisruptionBudget'], 'The chart makes its disruption budgets itself.')),
  needless(['minAvailable', 'maxUnavailable'], 'The chart makes its disruption budgets itself.'),

  helm(
    ['tls.existingSecret', 'tls.certificatesSecret'],
    'tls.existing',
    'A Secret with ca.crt, tls.crt and tls.key.',
  ),
  needless(
    'tls.autoGenerated',
    'An authority and certificates are made here with the stack, or by cert-manager (helm values: tls.certManager).',
  ),
  needless(
    ['tls.certFilename', 'tls.certKeyFilename', 'tls.certCAFilename'],
    'The files are named tls.crt, tls.key and ca.crt.',
  ),
  read('tls.authClients'),
  impossible('tls.dhParamsFilename', 'Servers of today agree on keys without it.'),

  elsewhere(
    ['sentinel.downAfterMilliseconds', 'sentinel.failoverTimeout', 'sentinel.parallelSyncs'],
    'conf/sentinel.conf',
    'Set here to 5000, 30000 and 1; edit it there, update keeps the edit. In the helm values it is sentinel.options.',
  ),
  read('sentinel.masterSet', 'sentinel.primarySet', 'sentinel.configuration'),
  needless(
    [
      'sentinel.getMasterTimeout',
      'sentinel.getPrimaryTimeout',
      'sentinel.automateClusterRecovery',
      'sentinel.*ShutdownWaitFailover',
      'sentinel.staticID',
      'sentinel.cleanDelaySeconds',
    ],
    'Nodes ask all Sentinels when they start, and hand over before they stop.',
  ),
  helm('sentinel.persistence.size', 'sentinel.size', 'Volume of one Sentinel, for what it learned.'),
  needless('sentinel.persistence.enabled', 'A Sentinel always has a volume where the data nodes have one.'),
  whole(impossible('sentinel.persistence.*', OWN_TEMPLATES)),
  helm('sentinel.resources.limits.memory', 'sentinel.memory', 'Of one Sentinel.'),
  helm(
    ['sentinel.service.createMaster', 'sentinel.service.createPrimary', 'sentinel.masterService.**'],
    'proxy.enabled',
    'A proxy follows the primary, for clients that do not ask Sentinels.',
  ),
  impossible(['sentinel.externalAccess.**', 'cluster.externalAccess.**'], FROM_OUTSIDE),
  impossible(
    ['*.externalMaster.**', '*.externalPrimary.**'],
    'A stack has a primary of its own; copy the data over before clients move.',
  ),
  impossible(
    'replica.autoscaling.**',
    'The number of replicas is topology.replicas: change it and run update.',
  ),

  needless(['cluster.init', 'cluster.update.**'], 'The chart forms, heals and resizes the cluster itself.'),
  needless('updateJob.**', 'The chart forms, heals and resizes the cluster itself.'),

  needless(
    ['volumePermissions.**', 'volumePermissions'],
    'The volume belongs to the group of the pod (fsGroup).',
  ),
  needless(['kubectl.**', 'kubectl'], 'No label has to be moved: Services follow the primary otherwise.'),
  impossible(
    ['sysctl.**', 'sysctlImage.**'],
    'No privileged container runs here: set kernel parameters on the machines.',
  ),
  impossible('useExternalDNS.**', FROM_OUTSIDE),
];
