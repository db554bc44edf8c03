import { type AnyObject, type Finding, ofKind, placeOf } from './objects.ts';
import { containersOf, podTemplates } from './pods.ts';

/** A Service has to begin with a letter. */
const SERVICE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?=[a-z0-9]))*$/;

/**
 * The longest name of a kind. A StatefulSet's goes into a label with its revision (11 characters more), a Deployment's into
 * the name of a set with a hash, a CronJob's gets 11 characters of a time for each Job.
 */
const LONGEST: Readonly<Record<string, number>> = {
  StatefulSet: 52,
  CronJob: 52,
  Deployment: 52,
  Job: 63,
  Service: 63,
};
/** Kinds whose name is one DNS label; others may hold dots. */
const ONE_LABEL = new Set(['Service', 'StatefulSet', 'Deployment', 'Pod', 'Job', 'CronJob']);
const LONGEST_SUBDOMAIN = 253;
const CONFIG_MAP_BYTES = 1024 * 1024;
const ANNOTATIONS_BYTES = 256 * 1024;

/** Names, labels and sizes that the API server would refuse, or that break what is named after them. */
export function nameFindings(objects: readonly AnyObject[]): readonly Finding[] {
  return [
    ...duplicates(objects),
    ...objects.flatMap((object) => [...ofName(object), ...ofLabels(object), ...ofSize(object)]),
    ...ofPods(objects),
    ...ofServices(objects),
  ].map((one) => ({ ...one, check: 'name' }));
}

type Named = Omit<Finding, 'check'>;

function duplicates(objects: readonly AnyObject[]): readonly Named[] {
  const keys = objects.map((o) => `${o.apiVersion} ${o.metadata.namespace ?? ''} ${placeOf(o)}`);
  return objects
    .filter((_, index) => keys.indexOf(keys[index] ?? '') !== index)
    .map((object) => ({ at: placeOf(object), says: 'stands twice' }));
}

function ofName(object: AnyObject): readonly Named[] {
  const { kind, metadata } = object;
  const { name } = metadata;
  const longest = LONGEST[kind] ?? (ONE_LABEL.has(kind) ? 63 : LONGEST_SUBDOMAIN);
  const plain = ONE_LABEL.has(kind) ? LABEL_NAME : SUBDOMAIN;
  const shape = kind === 'Service' ? SERVICE_NAME : plain;
  const at = placeOf(object);
  return [
    ...(shape.test(name) ? [] : [{ at, says: 'its name is no DNS name' }]),
    ...(name.length > longest
      ? [{ at, says: `its name has ${name.length} characters, not ${longest} at most` }]
      : []),
  ];
}

function ofLabels(object: AnyObject): readonly Named[] {
  const at = placeOf(object);
  const onPods = podTemplates([object]).flatMap(({ labels }) => Object.entries(labels));
  const entries = [...Object.entries(object.metadata.labels ?? {}), ...onPods];
  return entries.flatMap(([key, value]) => [
    ...(LABEL_KEY.test(key) ? [] : [{ at, says: `the label ${key} has no proper name` }]),
    ...(LABEL_VALUE.test(value) && value.length <= 63
      ? []
      : [{ at, says: `the label ${key} cannot have the value '${value}'` }]),
  ]);
}

function ofSize(object: AnyObject): readonly Named[] {
  const at = placeOf(object);
  const annotations = bytes(object.metadata.annotations ?? {});
  const data = ['ConfigMap', 'Secret'].includes(object.kind) ? bytes(object.data ?? {}) : 0;
  return [
    ...(annotations >= ANNOTATIONS_BYTES ? [{ at, says: `${annotations} bytes of annotations` }] : []),
    ...(data >= CONFIG_MAP_BYTES
      ? [{ at, says: `${data} bytes of data, which is more than etcd takes` }]
      : []),
  ];
}

const bytes = (value: object) => Buffer.byteLength(JSON.stringify(value));

/** Names inside a pod: containers, volumes, ports and variables. */
function ofPods(objects: readonly AnyObject[]): readonly Named[] {
  return podTemplates(objects).flatMap((template) => {
    const containers = containersOf(template);
    const ports = containers.flatMap(({ ports: some = [] }) => some);
    const volumes = [...(template.spec.volumes ?? []).map(({ name }) => name), ...template.claims];
    const says = [
      ...twice(containers.map(({ name }) => name)).map((name) => `two containers are called ${name}`),
      ...twice(volumes).map((name) => `two volumes are called ${name}`),
      ...twice(ports.flatMap(({ name }) => name ?? [])).map((name) => `two ports are called ${name}`),
      ...ports.flatMap(({ name }) => badPort(name)),
      ...containers.flatMap(({ name, env = [] }) =>
        twice(env.map((one) => one.name)).map((key) => `${name} has the variable ${key} twice`),
      ),
      ...containers.flatMap(({ name, volumeMounts = [] }) =>
        twice(volumeMounts.map(({ mountPath }) => mountPath)).map((path) => `${name} mounts ${path} twice`),
      ),
    ];
    return says.map((one) => ({ at: template.at, says: one }));
  });
}

function ofServices(objects: readonly AnyObject[]): readonly Named[] {
  return ofKind(objects, 'Service').flatMap((service) => {
    const ports = service.spec?.ports ?? [];
    const names = ports.flatMap(({ name }) => name ?? []);
    const says = [
      ...twice(names).map((name) => `two ports are called ${name}`),
      ...twice(ports.map(({ port, protocol = 'TCP' }) => `${protocol} ${port}`)).map(
        (port) => `${port} stands twice`,
      ),
      ...names.flatMap(badPort),
      ...(ports.length > 1 && names.length < ports.length ? ['with several ports each needs a name'] : []),
    ];
    return says.map((one) => ({ at: placeOf(service), says: one }));
  });
}

function badPort(name: string | undefined): readonly string[] {
  if (name === undefined || (PORT_NAME.test(name) && name.length <= 15)) return [];
  return [`the port ${name} needs a name of up to 15 lower case letters, digits and single hyphens`];
}

const twice = (names: readonly string[]) => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];
