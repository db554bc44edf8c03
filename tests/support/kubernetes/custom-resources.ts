import * as v from 'valibot';
import type { AnyObject } from './objects.ts';

/**
 * Shapes of the custom resources that the chart may make. Their definitions are in no package at hand, so these are
 * written after the public references of the Prometheus operator, cert-manager and the External Secrets operator: the fields
 * that a chart for a database has a use for, strictly. A field that is missing here is refused, not overlooked.
 */

const Text = v.pipe(v.string(), v.minLength(1));
const Labels = v.record(Text, v.string());
/** Go's and Prometheus' way of writing a time: `30s`, `1h30m`, `2160h0m0s`. */
const Duration = v.pipe(v.string(), v.regex(/^(0|(\d+(y|w|d|h|m|s|ms))+)$/));
const Selector = v.strictObject({
  matchLabels: v.optional(Labels),
  matchExpressions: v.optional(
    v.array(
      v.strictObject({
        key: Text,
        operator: v.picklist(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: v.optional(v.array(v.string())),
      }),
    ),
  ),
});
const Namespaces = v.strictObject({ any: v.optional(v.boolean()), matchNames: v.optional(v.array(Text)) });
const SecretKey = v.strictObject({ name: Text, key: Text, optional: v.optional(v.boolean()) });

const Relabeling = v.strictObject({
  sourceLabels: v.optional(v.array(Text)),
  separator: v.optional(v.string()),
  targetLabel: v.optional(Text),
  regex: v.optional(v.string()),
  replacement: v.optional(v.string()),
  action: v.optional(
    v.picklist([
      'replace',
      'keep',
      'drop',
      'labeldrop',
      'labelkeep',
      'labelmap',
      'hashmod',
      'keepequal',
      'dropequal',
    ]),
  ),
});

const EndpointFields = {
  port: v.optional(Text),
  path: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  scheme: v.optional(v.picklist(['http', 'https'])),
  params: v.optional(v.record(Text, v.array(v.string()))),
  interval: v.optional(Duration),
  scrapeTimeout: v.optional(Duration),
  honorLabels: v.optional(v.boolean()),
  honorTimestamps: v.optional(v.boolean()),
  followRedirects: v.optional(v.boolean()),
  enableHttp2: v.optional(v.boolean()),
  basicAuth: v.optional(v.strictObject({ username: SecretKey, password: SecretKey })),
  tlsConfig: v.optional(v.looseObject({})),
  relabelings: v.optional(v.array(Relabeling)),
  metricRelabelings: v.optional(v.array(Relabeling)),
};

const MonitorFields = {
  selector: Selector,
  namespaceSelector: v.optional(Namespaces),
  jobLabel: v.optional(Text),
  podTargetLabels: v.optional(v.array(Text)),
  sampleLimit: v.optional(v.pipe(v.number(), v.integer())),
  labelLimit: v.optional(v.pipe(v.number(), v.integer())),
};

const ServiceMonitor = v.strictObject({
  ...MonitorFields,
  targetLabels: v.optional(v.array(Text)),
  endpoints: v.array(
    v.strictObject({ ...EndpointFields, targetPort: v.optional(v.union([Text, v.number()])) }),
  ),
});

const PodMonitor = v.strictObject({
  ...MonitorFields,
  podMetricsEndpoints: v.array(v.strictObject({ ...EndpointFields, portNumber: v.optional(v.number()) })),
});

const Rule = v.pipe(
  v.strictObject({
    alert: v.optional(Text),
    record: v.optional(Text),
    expr: v.union([Text, v.number()]),
    for: v.optional(Duration),
    keep_firing_for: v.optional(Duration),
    labels: v.optional(Labels),
    annotations: v.optional(Labels),
  }),
  v.check((rule) => (rule.alert === undefined) !== (rule.record === undefined), 'either alert or record'),
);

const PrometheusRule = v.strictObject({
  groups: v.array(
    v.strictObject({
      name: Text,
      interval: v.optional(Duration),
      limit: v.optional(v.number()),
      labels: v.optional(Labels),
      rules: v.array(Rule),
    }),
  ),
});

const Certificate = v.strictObject({
  secretName: Text,
  issuerRef: v.strictObject({ name: Text, kind: v.optional(Text), group: v.optional(Text) }),
  commonName: v.optional(v.pipe(Text, v.maxLength(64))),
  dnsNames: v.optional(v.array(Text)),
  ipAddresses: v.optional(v.array(v.pipe(v.string(), v.ip()))),
  duration: v.optional(Duration),
  renewBefore: v.optional(Duration),
  usages: v.optional(
    v.array(v.picklist(['server auth', 'client auth', 'digital signature', 'key encipherment'])),
  ),
  isCA: v.optional(v.boolean()),
  revisionHistoryLimit: v.optional(v.number()),
  secretTemplate: v.optional(v.strictObject({ annotations: v.optional(Labels), labels: v.optional(Labels) })),
  privateKey: v.optional(
    v.strictObject({
      algorithm: v.optional(v.picklist(['RSA', 'ECDSA', 'Ed25519'])),
      encoding: v.optional(v.picklist(['PKCS1', 'PKCS8'])),
      size: v.optional(v.number()),
      rotationPolicy: v.optional(v.picklist(['Never', 'Always'])),
    }),
  ),
  subject: v.optional(v.looseObject({})),
});

const Remote = v.strictObject({
  key: Text,
  property: v.optional(Text),
  version: v.optional(Text),
  conversionStrategy: v.optional(Text),
  decodingStrategy: v.optional(Text),
  metadataPolicy: v.optional(Text),
});

const ExternalSecret = v.strictObject({
  refreshInterval: v.optional(Duration),
  refreshPolicy: v.optional(v.picklist(['CreatedOnce', 'Periodic', 'OnChange'])),
  secretStoreRef: v.optional(
    v.strictObject({ name: Text, kind: v.optional(v.picklist(['SecretStore', 'ClusterSecretStore'])) }),
  ),
  target: v.optional(
    v.strictObject({
      name: v.optional(Text),
      creationPolicy: v.optional(v.picklist(['Owner', 'Orphan', 'Merge', 'None'])),
      deletionPolicy: v.optional(v.picklist(['Delete', 'Merge', 'Retain'])),
      immutable: v.optional(v.boolean()),
      template: v.optional(v.looseObject({})),
    }),
  ),
  data: v.optional(v.array(v.strictObject({ secretKey: Text, remoteRef: Remote }))),
  dataFrom: v.optional(v.array(v.looseObject({}))),
});

const SPECS: Readonly<Record<string, v.GenericSchema>> = {
  'monitoring.coreos.com/v1 ServiceMonitor': ServiceMonitor,
  'monitoring.coreos.com/v1 PodMonitor': PodMonitor,
  'monitoring.coreos.com/v1 PrometheusRule': PrometheusRule,
  'cert-manager.io/v1 Certificate': Certificate,
  'external-secrets.io/v1 ExternalSecret': ExternalSecret,
  'external-secrets.io/v1beta1 ExternalSecret': ExternalSecret,
};

/** What is wrong with a custom resource; undefined where the object is none of the known ones. */
export function customShape(object: AnyObject): readonly string[] | undefined {
  const spec = SPECS[`${object.apiVersion} ${object.kind}`];
  if (!spec) return undefined;
  const parsed = v.safeParse(v.object({ spec }), object);
  return (parsed.issues ?? []).map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`);
}

/** A ServiceMonitor or a PodMonitor, as far as its references go. */
export const MonitorReferences = v.object({
  spec: v.object({
    selector: Selector,
    endpoints: v.optional(v.array(v.object({ port: v.optional(Text) }))),
    podMetricsEndpoints: v.optional(v.array(v.object({ port: v.optional(Text) }))),
  }),
});

/** The name of the Secret that a Certificate or an ExternalSecret makes; undefined for other kinds. */
export function secretMadeBy(object: AnyObject): string | undefined {
  if (object.kind === 'Certificate') {
    const parsed = v.safeParse(v.object({ spec: v.object({ secretName: Text }) }), object);
    return parsed.success ? parsed.output.spec.secretName : undefined;
  }
  if (object.kind !== 'ExternalSecret') return undefined;
  const Target = v.object({ spec: v.object({ target: v.optional(v.object({ name: v.optional(Text) })) }) });
  const parsed = v.safeParse(Target, object);
  return parsed.success ? (parsed.output.spec.target?.name ?? object.metadata.name) : undefined;
}
