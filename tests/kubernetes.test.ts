import { describe, expect, it } from 'vitest';
import { changed, example, problemsOf } from './support/kubernetes/example.ts';
import { printFinding, readObjects } from './support/kubernetes/objects.ts';
import { policyFindings } from './support/kubernetes/policy.ts';
import { NEWEST_MINOR, OLDEST_MINOR } from './support/kubernetes/versions.ts';

describe('a right stack', () => {
  it.each([OLDEST_MINOR, NEWEST_MINOR])('is one for 1.%i', (minor) => {
    expect(problemsOf(example(), minor)).toEqual([]);
  });

  it('keeps every promise', () => {
    expect(policyFindings(example()).map(printFinding)).toEqual([]);
  });
});

describe('the schema', () => {
  it.each([
    [
      'an unknown field',
      /replicas: 2/,
      'replica: 2',
      'field: StatefulSet/shop-node /spec/replica: unknown field (V1StatefulSetSpec)',
    ],
    [
      'a field deep inside',
      /failureThreshold: 12/,
      'failureTreshold: 12',
      '/template/spec/containers/0/startupProbe/failureTreshold: unknown field',
    ],
    [
      'a type',
      /replicas: 2/,
      'replicas: "2"',
      'schema: StatefulSet/shop-node /spec/replicas: must be integer',
    ],
    ['an unquoted number as a label', 'redis-stack/shard: "1",', 'redis-stack/shard: 1,', 'must be string'],
    ['an unquoted yes', /value: "20"/, 'value: yes', '/env/0/value: must be string'],
    ['a size', /storage: 8Gi/, 'storage: 8 GB', 'must match format "quantity"'],
    ['a required field', /name: server\n/, 'tty: false\n', 'must have required property name'],
    [
      'a word that is none of the allowed ones',
      /restartPolicy: Never/,
      'restartPolicy: Sometimes',
      'must be equal to one of the allowed values',
    ],
    [
      'a custom resource',
      /interval: 15s/,
      'interval: 15 seconds',
      'schema: PodMonitor/shop: spec.podMetricsEndpoints.0.interval',
    ],
    ['an unknown field of one', /interval: 15s/, 'every: 15s', 'podMetricsEndpoints.0.every'],
    ['an old API', 'policy/v1\n', 'policy/v1beta1\n', 'no longer served since 1.25'],
    [
      'an API that is none',
      'apiVersion: batch/v1\n',
      'apiVersion: batch/v2\n',
      'batch/v2 CronJob is not among the known API versions',
    ],
    [
      'a feature gate',
      /updateStrategy: \{ type: RollingUpdate/,
      'updateStrategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 2 }',
      '/spec/updateStrategy/rollingUpdate/maxUnavailable: is behind a feature gate',
    ],
  ])('finds %s', (_, from, to, says) => {
    expect(problemsOf(changed(from, to)).join('\n')).toContain(says);
  });

  it('knows what came after the oldest release', () => {
    const objects = changed('type: ClusterIP,', 'trafficDistribution: PreferClose,');
    expect(problemsOf(objects, OLDEST_MINOR)).toEqual([
      'field: Service/shop /spec/trafficDistribution: works from 1.31 on',
    ]);
    expect(problemsOf(objects, NEWEST_MINOR)).toEqual([]);
  });

  it('refuses a key that stands twice, and what is no object', () => {
    expect(() => changed('replicas: 2', 'replicas: 2\n  replicas: 3')).toThrow('unique');
    expect(() => readObjects('kind: Pod')).toThrow('apiVersion');
  });
});

describe('names', () => {
  const long = (count: number) => 'x'.repeat(count);
  it.each([
    [
      'a name',
      'name: shop-config, labels',
      'name: Shop_config, labels',
      'ConfigMap/Shop_config: its name is no DNS name',
    ],
    [
      'a Service that begins with a digit',
      /name: shop(, labels: OWN \}\nspec:\n {2}\{\n {4}type)/,
      'name: 1shop$1',
      'Service/1shop: its name is no DNS name',
    ],
    [
      'a long StatefulSet',
      'name: shop-node\n',
      `name: ${long(53)}\n`,
      'its name has 53 characters, not 52 at most',
    ],
    [
      'a long CronJob',
      'name: shop-backup, labels: OWN }\nspec:\n  schedule',
      `name: ${long(53)}, labels: OWN }\nspec:\n  schedule`,
      'not 52 at most',
    ],
    [
      'a label',
      'helm.sh/chart: shop-1.0.0',
      'helm.sh/chart: shop-1.0.0+git',
      "the label helm.sh/chart cannot have the value 'shop-1.0.0+git'",
    ],
    [
      'a long label',
      'app.kubernetes.io/instance: shop\n',
      `app.kubernetes.io/instance: ${long(64)}\n`,
      'cannot have the value',
    ],
    [
      'a label key',
      'helm.sh/chart: shop-1.0.0',
      'helm_sh/chart: shop-1.0.0',
      'the label helm_sh/chart has no proper name',
    ],
    [
      'a port',
      /name: redis, containerPort/,
      'name: Redis_port, containerPort',
      'the port Redis_port needs a name',
    ],
    [
      'a variable twice',
      'name: STACK_TLS_SECRET',
      'name: STACK_HANDOVER_SECONDS',
      'server has the variable STACK_HANDOVER_SECONDS twice',
    ],
    ['a volume twice', 'name: tmp, emptyDir', 'name: data, emptyDir', 'two volumes are called data'],
    ['a mount twice', 'mountPath: /tmp', 'mountPath: /data', 'server mounts /data twice'],
    [
      'an object twice',
      'metadata: { name: shop-node-0, ',
      'metadata: { name: shop-headless, ',
      'Service/shop-headless: stands twice',
    ],
    [
      'ports without names',
      '[{ name: redis, port: 6379, targetPort: redis }]',
      '[{ port: 6379 }, { name: two, port: 6379 }]',
      'with several ports each needs a name',
    ],
    ['too much data', 'maxmemory 700mb', '#'.repeat(1024 * 1024), 'more than etcd takes'],
  ])('finds %s', (_, from, to, says) => {
    expect(problemsOf(changed(from, to)).join('\n')).toContain(says);
  });
});

describe('rules of the API server', () => {
  it.each([
    [
      'a probe that asks nothing',
      'tcpSocket: { port: redis }, ',
      '',
      'the livenessProbe of server asks in 0 ways',
    ],
    [
      'a probe that wants two successes',
      'failureThreshold: 6',
      'successThreshold: 2',
      'wants several successes',
    ],
    [
      'a job that never ends',
      'restartPolicy: Never',
      'restartPolicy: Always',
      'its restartPolicy cannot be Always',
    ],
    [
      'a server that ends',
      'automountServiceAccountToken',
      'restartPolicy: Never\n      automountServiceAccountToken',
      'cannot be Never',
    ],
    [
      'a volume that is nothing',
      'name: tmp, emptyDir: { medium: Memory, sizeLimit: 16Mi }',
      'name: tmp',
      'its volume tmp has 0 sources',
    ],
    [
      'a variable with two values',
      'value: "20"',
      'value: "20", valueFrom: { fieldRef: { fieldPath: metadata.name } }',
      'STACK_HANDOVER_SECONDS of server has two values',
    ],
    ['a schedule', '0 3 * * *', 'daily', "'daily' is no schedule"],
    ['a claim without a mode', 'accessModes: [ReadWriteOnce]', 'accessModes: []', 'names no access mode'],
    ['a claim without a size', 'requests: { storage: 8Gi }', 'requests: {}', 'has no size'],
    [
      'a Service without a port',
      /ports: \[\{ name: redis, port: 6379, targetPort: redis \}\]/,
      'ports: []',
      'it has no port',
    ],
  ])('find %s', (_, from, to, says) => {
    expect(problemsOf(changed(from, to)).join('\n')).toContain(says);
  });
});
