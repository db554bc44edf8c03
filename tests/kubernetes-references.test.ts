import { describe, expect, it } from 'vitest';
import { added, changed, example, problemsOf } from './support/kubernetes/example.ts';
import { printFinding } from './support/kubernetes/objects.ts';
import { upgradeFindings } from './support/kubernetes/upgrade.ts';
import { validate } from './support/kubernetes/validate.ts';
import { OLDEST_MINOR } from './support/kubernetes/versions.ts';

describe('references', () => {
  it.each([
    [
      'a volume',
      'name: tmp, emptyDir',
      'name: temp, emptyDir',
      'server mounts the volume tmp, which is not there',
    ],
    ['a volume for nobody', 'name: tmp, emptyDir', 'name: temp, emptyDir', 'nobody mounts the volume temp'],
    ['a ConfigMap', 'name: shop-config, items', 'name: shop-conf, items', 'there is no ConfigMap shop-conf'],
    ['a key', 'key: redis.conf', 'key: valkey.conf', 'ConfigMap shop-config has no key valkey.conf'],
    ['a Secret', 'secretName: passwords', 'secretName: password', 'there is no Secret password'],
    [
      'an account',
      'priorityClassName: important',
      'serviceAccountName: shop',
      'there is no ServiceAccount shop',
    ],
    [
      'the Service of a set',
      'serviceName: shop-headless',
      'serviceName: shop-nodes',
      'there is no Service shop-nodes',
    ],
    [
      'a Service with an address',
      'serviceName: shop-headless',
      'serviceName: shop',
      'its Service shop is not headless',
    ],
    [
      'a port of a probe',
      'tcpSocket: { port: redis }',
      'tcpSocket: { port: bus }',
      'asks the port bus, which it has not',
    ],
    [
      'a variable from nowhere',
      'value: "20"',
      'valueFrom: { configMapKeyRef: { name: shop-config, key: seconds } }',
      'ConfigMap shop-config has no key seconds',
    ],
    [
      'a claim',
      'emptyDir: { medium: Memory, sizeLimit: 16Mi }',
      'persistentVolumeClaim: { claimName: tmp }',
      'there is no PersistentVolumeClaim tmp',
    ],
    [
      'a Secret to pull with',
      'priorityClassName: important',
      'imagePullSecrets: [{ name: registry }]',
      'there is no Secret registry',
    ],
  ])('finds %s', (_, from, to, says) => {
    expect(problemsOf(changed(from, to)).join('\n')).toContain(says);
  });

  it('a Secret that a Certificate or an ExternalSecret makes is there', () => {
    const certificate = `{ apiVersion: cert-manager.io/v1, kind: Certificate, metadata: { name: a }, spec: { secretName: passwords, issuerRef: { name: own } } }`;
    const external = `{ apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: { name: a }, spec: { target: { name: passwords } } }`;
    for (const maker of [certificate, external]) expect(validate(added(maker), OLDEST_MINOR)).toEqual([]);
    expect(validate(example(), OLDEST_MINOR)).toHaveLength(1);
  });

  it('a role that is bound to nobody', () => {
    const binding = `{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: a }, roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }, subjects: [{ kind: ServiceAccount, name: shop }] }`;
    expect(problemsOf(added(binding))).toEqual([
      'reference: RoleBinding/a: there is no Role reader',
      'reference: RoleBinding/a: there is no ServiceAccount shop',
    ]);
  });
});

describe('selectors', () => {
  const node = 'app.kubernetes.io/component: node';
  const backup = 'app.kubernetes.io/component: backup';
  it.each([
    [
      'a set that does not fit its pods',
      `app.kubernetes.io/instance: shop, ${node} }\n  template`,
      `app.kubernetes.io/instance: shop, ${backup} }\n  template`,
      'its selector does not fit its own pods',
    ],
    [
      "another's pods",
      backup,
      node,
      'StatefulSet/shop-node: its selector fits the pods of CronJob/shop-backup too',
    ],
    [
      'a Service without pods',
      /(type: ClusterIP,\s+selector: .*): node/,
      '$1: primary',
      'Service/shop: it selects no pod',
    ],
    [
      'a pod that is not made',
      'pod-name: shop-node-0',
      'pod-name: shop-node-2',
      'Service/shop-node-0: it selects no pod',
    ],
    [
      'a port of a Service',
      'targetPort: redis',
      'targetPort: sentinel',
      'its pod shop-node-0 has not the port sentinel',
    ],
    [
      'a budget',
      `maxUnavailable: 1, selector: { matchLabels: { ${node}`,
      'maxUnavailable: 1, selector: { matchLabels: { app: shop',
      'PodDisruptionBudget/shop-node: it selects no pod',
    ],
    [
      'a network policy',
      'podSelector: { matchLabels: { app.kubernetes.io/instance: shop } }\n',
      'podSelector: { matchLabels: { app: shop } }\n',
      'NetworkPolicy/shop: it selects no pod',
    ],
    [
      'a spread',
      'labelSelector: { matchLabels: { redis-stack/shard: "1"',
      'labelSelector: { matchLabels: { redis-stack/shard: "2"',
      'its spread over topology.kubernetes.io/zone selects no pod',
    ],
    [
      'a monitor',
      `selector: { matchLabels: { ${node} } }\n  podM`,
      'selector: { matchLabels: { app: shop } }\n  podM',
      'PodMonitor/shop: it selects nothing',
    ],
    [
      'a port of a monitor',
      'port: redis, interval',
      'port: metrics, interval',
      'nothing it selects has a port called metrics',
    ],
  ])('finds %s', (_, from, to, says) => {
    expect(problemsOf(changed(from, to)).join('\n')).toContain(says);
  });
});

describe('upgrades', () => {
  const upgraded = (from: string | RegExp, to: string) =>
    upgradeFindings(example(), changed(from, to)).map(printFinding);

  it.each([
    ['more replicas', 'replicas: 2', 'replicas: 3'],
    ['another image', 'image: redis:8.0.2', 'image: redis:8.0.3'],
    ['another budget', 'maxUnavailable: 1,', 'maxUnavailable: 2,'],
    ['a larger claim', /storage: 8Gi(?=[^8]*$)/, 'storage: 16Gi'],
    ['another name', 'name: shop-node\n', 'name: shop-server\n'],
  ])('take %s', (_, from, to) => {
    expect(upgraded(from, to)).toEqual([]);
  });

  it.each([
    [
      'a larger volume of a set',
      /storage: 8Gi/,
      'storage: 16Gi',
      'StatefulSet/shop-node: volumeClaimTemplates',
    ],
    [
      'another selector',
      'app.kubernetes.io/instance: shop,',
      'app.kubernetes.io/instance: shop, a: b,',
      'StatefulSet/shop-node: selector',
    ],
    [
      'another order',
      'podManagementPolicy: Parallel',
      'podManagementPolicy: OrderedReady',
      'StatefulSet/shop-node: podManagementPolicy',
    ],
    ['an address for a headless Service', /clusterIP: None,\s/, '', 'Service/shop-headless: clusterIP'],
  ])('do not take %s', (_, from, to, says) => {
    expect(upgraded(from, to)).toEqual([`upgrade: ${says} cannot be changed`]);
  });
});
