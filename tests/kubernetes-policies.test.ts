import { describe, expect, it } from 'vitest';
import { added, changed, example } from './support/kubernetes/example.ts';
import { printFinding } from './support/kubernetes/objects.ts';
import { POLICIES, policyFindings, templateFindings, wishFindings } from './support/kubernetes/policy.ts';

describe('policies', () => {
  const cases: readonly (readonly [string, string | RegExp, string])[] = [
    ['not-root', 'runAsNonRoot: true', 'runAsNonRoot: false'],
    ['not-root', 'runAsUser: 999', 'runAsUser: 0'],
    ['not-root', 'runAsGroup: 999', 'runAsGroup: 0'],
    ['volumes-readable', 'fsGroupChangePolicy: OnRootMismatch', 'fsGroupChangePolicy: Always'],
    ['read-only-root', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'],
    ['no-capabilities', 'drop: [ALL]', 'drop: [CHOWN]'],
    ['no-capabilities', 'drop: [ALL]', 'drop: [ALL], add: [SYS_RESOURCE]'],
    ['no-escalation', 'allowPrivilegeEscalation: false, ', ''],
    ['seccomp', 'type: RuntimeDefault', 'type: Unconfined'],
    ['no-token', 'automountServiceAccountToken: false', 'automountServiceAccountToken: true'],
    [
      'no-host',
      'automountServiceAccountToken: false',
      'automountServiceAccountToken: false\n      hostNetwork: true',
    ],
    ['no-host', 'emptyDir: { medium: Memory, sizeLimit: 16Mi }', 'hostPath: { path: /tmp }'],
    ['memory-is-fixed', 'cpu: 500m, memory: 1Gi', 'cpu: 500m, memory: 512Mi'],
    ['memory-folders-are-small', ', sizeLimit: 16Mi', ''],
    ['no-cpu-limit', 'limits: { memory: 1Gi', 'limits: { cpu: 2, memory: 1Gi'],
    ['probes', /readinessProbe: .*/, ''],
    ['probes', / {10}startupProbe:\s+\{[\s\S]*?\n {12}\}\n/, ''],
    ['probes', /timeoutSeconds: 5,\s/, ''],
    ['patient-liveness', 'failureThreshold: 6', 'failureThreshold: 2'],
    ['grace', 'value: "20"', 'value: "50"'],
    ['grace', 'terminationGracePeriodSeconds: 60', 'restartPolicy: Always'],
    ['roll-outs', 'podManagementPolicy: Parallel', 'podManagementPolicy: OrderedReady'],
    ['roll-outs', 'updateStrategy: { type: RollingUpdate }', 'updateStrategy: { type: OnDelete }'],
    ['jobs-end', '      activeDeadlineSeconds: 3600\n', ''],
    ['jobs-end', 'concurrencyPolicy: Forbid', 'concurrencyPolicy: Allow'],
    [
      'budgets',
      /kind: PodDisruptionBudget[\s\S]*?---/,
      'kind: ConfigMap\nmetadata: { name: none, labels: OWN }\n---',
    ],
    ['budgets', 'maxUnavailable: 1,', 'minAvailable: 1,'],
    ['apart', 'topologyKey: kubernetes.io/hostname', 'topologyKey: topology.kubernetes.io/region'],
    [
      'apart',
      'app.kubernetes.io/component: node, redis-stack/shard: "1" }',
      'app.kubernetes.io/component: node }',
    ],
    ['apart', 'topologyKey: topology.kubernetes.io/zone', 'topologyKey: kubernetes.io/hostname'],
    ['no-secret-in-variables', 'value: /run/secrets/app', 'value: s3cret'],
    [
      'no-secret-in-variables',
      'value: /run/secrets/app',
      'valueFrom: { secretKeyRef: { name: passwords, key: app } }',
    ],
    ['no-secret-on-command-lines', 'command: [sh, /stack/pod.sh]', 'command: [redis-cli, -a, word, ping]'],
    [
      'no-secret-on-command-lines',
      'command: [sh, /stack/pod.sh]',
      'command: [redis-server, --requirepass, word]',
    ],
    ['no-secret-in-config-maps', 'maxmemory 700mb', 'requirepass word'],
    ['no-secret-in-config-maps', 'maxmemory 700mb', `user app on #${'0'.repeat(64)} +@all`],
    ['no-secret-in-config-maps', 'maxmemory 700mb', 'user default on nopass ~* +@all'],
    [
      'no-secret-in-the-release',
      /kind: ConfigMap[\s\S]*?---/,
      'kind: Secret\nmetadata: { name: shop-config, labels: OWN }\n---',
    ],
    ['few-secrets', ', items: [{ key: app, path: app }]', ''],
    ['few-secrets', 'defaultMode: 0440', 'defaultMode: 0444'],
    [
      'network-policy',
      'podSelector: { matchLabels: { app.kubernetes.io/instance: shop } }\n',
      'podSelector: { matchLabels: { app.kubernetes.io/component: node } }\n',
    ],
    ['network-policy', 'policyTypes: [Ingress, Egress]', 'policyTypes: [Ingress]'],
    ['network-policy', 'from: [{ podSelector: { matchLabels: { app.kubernetes.io/instance: shop } } }],', ''],
    [
      'network-policy',
      'from: [{ podSelector: { matchLabels: { app.kubernetes.io/instance: shop } } }]',
      'from: [{ podSelector: {} }]',
    ],
    ['network-policy', 'port: 53, protocol: UDP', 'port: 443'],
    ['network-policy-lets-in', /(\],\s+)ports: \[\{ port: 6379 \}\]/, '$1ports: [{ port: 6380 }]'],
    ['not-ready-addresses', /(clusterIP: None,)\s+publishNotReadyAddresses: true,/, '$1'],
    ['metrics-are-reachable', /name: redis, containerPort: \d+/, 'name: metrics, containerPort: 9121'],
    ['not-ready-addresses', 'type: ClusterIP,', 'publishNotReadyAddresses: true,'],
    ['inside-only', 'type: ClusterIP,', 'type: LoadBalancer,'],
    ['data-stays', 'whenScaled: Retain', 'whenScaled: Delete'],
    ['data-stays', 'helm.sh/resource-policy: keep', 'note: none'],
    [
      'stable-selectors',
      'metadata: { name: data }',
      'metadata: { name: data, labels: { app.kubernetes.io/version: "8.0" } }',
    ],
    ['stable-selectors', /(type: ClusterIP,\s+selector: \{)/, '$1 helm.sh/chart: shop-1.0.0,'],
    ['labels', 'metadata: { name: shop-config, labels: OWN }', 'metadata: { name: shop-config }'],
    ['labels', 'app.kubernetes.io/component: backup,', ''],
    ['pinned-images', 'image: redis:8.0.2', 'image: redis:latest'],
    ['pinned-images', 'image: redis:8.0.2', 'image: registry.example:5000/redis'],
    ['pinned-images', '          imagePullPolicy: IfNotPresent\n', ''],
    [
      'hooks-clean-up',
      'annotations: { helm.sh/resource-policy: keep',
      'annotations: { helm.sh/hook: pre-upgrade, helm.sh/resource-policy: keep',
    ],
  ];

  it.each(cases)('%s: %s', (id, from, to) => {
    const found = policyFindings(changed(from, to)).map(({ check }) => check);
    expect(found).toContain(id);
  });

  it('each one has been seen to fire', () => {
    expect(new Set(cases.map(([id]) => id))).toEqual(new Set(POLICIES.map(({ id }) => id)));
  });

  it('what the values switched off is not asked for', () => {
    const objects = changed('type: ClusterIP,', 'type: LoadBalancer,');
    expect(policyFindings(objects).map(printFinding)).toEqual([
      'inside-only: Service/shop: it is a LoadBalancer',
    ]);
    expect(policyFindings(objects, { without: ['inside-only'] })).toEqual([]);
  });

  it('ways out of the cluster are for pods that are no servers', () => {
    const policy = (component: string) => `
      { apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: bucket, labels: OWN }, spec: {
        podSelector: { matchLabels: { app.kubernetes.io/component: ${component} } },
        policyTypes: [Egress], egress: [{ ports: [{ port: 443 }] }] } }`;
    expect(policyFindings(added(policy('backup')))).toEqual([]);
    expect(policyFindings(added(policy('node'))).map(printFinding)).toEqual([
      'network-policy: NetworkPolicy/bucket: a rule for what goes out names no peer',
    ]);
  });

  it('a digest pins an image', () => {
    const digest = changed('image: redis:8.0.2', `image: redis@sha256:${'0'.repeat(64)}`);
    expect(policyFindings(digest)).toEqual([]);
  });

  it('a pod that does not do as the values say is found', () => {
    const wishes = { priorityClassName: 'important', tolerations: undefined };
    expect(wishFindings(example(), wishes)).toEqual([]);
    const deaf = changed('priorityClassName: important\n          restart', 'restart');
    expect(wishFindings(deaf, wishes).map(printFinding)).toEqual([
      'pod-wishes: CronJob/shop-backup: priorityClassName is not what the values say',
    ]);
  });

  it('templates without a steady result are found, words about them are not', () => {
    const templates = new Map([
      ['a.yaml', 'password: {{ randAlphaNum 16 | quote }}'],
      ['b.yaml', '{{- $ca := genCA "shop" 365 }}'],
      ['c.yaml', '{{/* never genCA */}}\n# now\n{{ fail "uuidv4 is not for you" }}\nnow: {{ .Values.now }}'],
    ]);
    expect(templateFindings(templates).map(({ at }) => at)).toEqual(['a.yaml', 'b.yaml']);
  });
});
