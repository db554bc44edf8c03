import { parseAllDocuments } from 'yaml';
import { type Fields, ManifestError, read } from './fields.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { type PolicySpec, readPolicy } from './policy-spec.ts';
import { readService, type ServiceSpec } from './service-spec.ts';
import {
  type BarePodSpec,
  type CronJobSpec,
  type DeploymentSpec,
  type JobSpec,
  readCronJob,
  readDeployment,
  readJob,
  readPod,
  readStatefulSet,
  type StatefulSetSpec,
} from './workload-spec.ts';

/** Files by key: a ConfigMap or a Secret. */
export interface FilesSpec extends Metadata {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly data: ReadonlyMap<string, Buffer>;
}

export type ObjectSpec =
  | FilesSpec
  | ServiceSpec
  | PolicySpec
  | StatefulSetSpec
  | DeploymentSpec
  | JobSpec
  | CronJobSpec
  | BarePodSpec
  | (Metadata & { readonly kind: 'ServiceAccount' });

/** Kinds that change nothing here, and why. What they say is not examined. */
const IGNORED: Readonly<Record<string, string>> = {
  PodDisruptionBudget: 'nothing evicts pods here',
  PersistentVolumeClaim: 'a claim is a folder, made when a pod first mounts it',
  ServiceMonitor: 'read by the Prometheus operator',
  PodMonitor: 'read by the Prometheus operator',
  PrometheusRule: 'read by the Prometheus operator',
  Certificate: 'read by cert-manager; the test gives the Secret that it would make',
  Issuer: 'read by cert-manager',
  ExternalSecret: 'read by the External Secrets operator; the test gives the Secret that it would make',
};

/** The documents of what `helm template` prints, with scalars as YAML 1.1 has them: Kubernetes reads 0400 as octal. */
export function parseManifests(text: string): readonly unknown[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => {
      const [error] = document.errors;
      if (error) throw error;
      return document.toJS() as unknown;
    })
    .filter((object) => object !== null);
}

/** Every object that means something here. Throws `ManifestError` at the first thing that is not understood. */
export function readObjects(objects: readonly unknown[], namespace: string): readonly ObjectSpec[] {
  const specs = objects.map((object, i) => read(object, titleOf(object, i), (f) => readObject(f, namespace)));
  const found = specs.filter((spec) => spec !== undefined);
  const seen = new Set<string>();
  for (const { kind, name } of found) {
    if (seen.has(`${kind} ${name}`)) throw new ManifestError(`${kind} ${name}`, 'it is there twice');
    seen.add(`${kind} ${name}`);
  }
  return found;
}

function titleOf(object: unknown, i: number): string {
  const { kind, metadata } = (object ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  return kind ? `${String(kind)} ${String(metadata?.name)}` : `object ${i}`;
}

function readObject(object: Fields, namespace: string): ObjectSpec | undefined {
  const kind = object.text('kind');
  const version = object.text('apiVersion');
  if (IGNORED[kind] !== undefined) {
    for (const key of ['metadata', 'spec']) object.pass(key, IGNORED[kind]);
    return undefined;
  }
  const reader = READERS[kind];
  if (!reader) object.fail('kind', `the harness does not know '${kind}'`);
  if (version !== reader.version) object.fail('apiVersion', `${reader.version} is expected, not ${version}`);
  return reader.take(object, namespace);
}

interface Reader {
  readonly version: string;
  readonly take: (object: Fields, namespace: string) => ObjectSpec;
}

const READERS: Readonly<Record<string, Reader>> = {
  ConfigMap: { version: 'v1', take: readConfigMap },
  Secret: { version: 'v1', take: readSecret },
  Service: { version: 'v1', take: readService },
  ServiceAccount: { version: 'v1', take: readServiceAccount },
  Pod: { version: 'v1', take: readPod },
  StatefulSet: { version: 'apps/v1', take: readStatefulSet },
  Deployment: { version: 'apps/v1', take: readDeployment },
  Job: { version: 'batch/v1', take: readJob },
  NetworkPolicy: { version: 'networking.k8s.io/v1', take: readPolicy },
  CronJob: { version: 'batch/v1', take: readCronJob },
};

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const MOST_BYTES = 2 ** 20;

function readConfigMap(object: Fields, namespace: string): FilesSpec {
  const data = keys(object, [...entries(object, 'data', 'utf8'), ...entries(object, 'binaryData', 'base64')]);
  object.pass('immutable', 'a promise to the API server');
  return { kind: 'ConfigMap', ...readMetadata(object, namespace), data };
}

function readSecret(object: Fields, namespace: string): FilesSpec {
  const data = keys(object, [...entries(object, 'data', 'base64'), ...entries(object, 'stringData', 'utf8')]);
  object.pass('type', 'any kind of secret is files');
  object.pass('immutable', 'a promise to the API server');
  return { kind: 'Secret', ...readMetadata(object, namespace), data };
}

function entries(
  object: Fields,
  key: string,
  encoding: 'utf8' | 'base64',
): readonly (readonly [string, Buffer])[] {
  return Object.entries(object.map(key)).map(([name, text]) => [name, Buffer.from(text, encoding)] as const);
}

function keys(object: Fields, found: readonly (readonly [string, Buffer])[]): ReadonlyMap<string, Buffer> {
  for (const [key] of found)
    if (!KEY.test(key)) object.fail('data', `'${key}' is no key: letters, digits, '-', '_' and '.'`);
  if (found.reduce((sum, [, { length }]) => sum + length, 0) > MOST_BYTES)
    object.fail('data', 'it is larger than 1 MiB');
  return new Map(found);
}

function readServiceAccount(object: Fields, namespace: string): ObjectSpec {
  object.pass('automountServiceAccountToken', 'pods say it for themselves');
  object.pass('imagePullSecrets', 'images are those of this machine');
  return { kind: 'ServiceAccount', ...readMetadata(object, namespace) };
}
