import { type Fields, read } from './fields.ts';
import { type Probe, readProbe } from './probe-spec.ts';
import { bytesOf, coresOf } from './quantity.ts';
import { readSecurity, type Security } from './security-spec.ts';

/** Where the value of a variable comes from. */
export type EnvSource =
  | { readonly from: 'value'; readonly value: string }
  | { readonly from: 'field'; readonly path: string }
  | {
      readonly from: 'secret' | 'configMap';
      readonly name: string;
      readonly key: string;
      readonly optional: boolean;
    }
  | { readonly from: 'memoryLimit' };

export interface EnvEntry {
  readonly name: string;
  readonly source: EnvSource;
}

export interface Mount {
  readonly volume: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export type Handler =
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | { readonly kind: 'sleep'; readonly seconds: number };

/** A container of a pod as a kubelet would run it. Bytes and cores; probes in seconds. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string | undefined;
  readonly env: readonly EnvEntry[];
  readonly mounts: readonly Mount[];
  readonly ports: ReadonlyMap<string, number>;
  readonly security: Security;
  readonly memoryBytes: number | undefined;
  readonly cores: number | undefined;
  readonly preStop: Handler | undefined;
  readonly startup: Probe | undefined;
  readonly liveness: Probe | undefined;
  readonly readiness: Probe | undefined;
}

export function readContainer(fields: Fields): ContainerSpec {
  const name = fields.text('name');
  const ports = readPorts(fields);
  fields.pass('imagePullPolicy', 'images are those of this machine');
  fields.pass('terminationMessagePath', 'nobody reads the message of a container that ended');
  fields.pass('terminationMessagePolicy', 'as above');
  fields.only('stdin', false);
  fields.only('tty', false);
  return {
    name,
    image: fields.text('image'),
    command: fields.texts('command'),
    args: fields.texts('args'),
    workingDir: fields.maybeText('workingDir'),
    env: fields.list('env', readEnvEntry),
    mounts: fields.list('volumeMounts', readMount),
    ports,
    security: readSecurity(fields),
    ...readResources(fields),
    preStop: fields.child('lifecycle', (lifecycle) => lifecycle.child('preStop', readHandler)),
    startup: fields.child('startupProbe', (probe) => readProbe(probe, ports)),
    liveness: fields.child('livenessProbe', (probe) => readProbe(probe, ports)),
    readiness: fields.child('readinessProbe', (probe) => readProbe(probe, ports)),
  };
}

function readPorts(fields: Fields): ReadonlyMap<string, number> {
  const ports = fields.list('ports', (port) => {
    port.oneOf('protocol', ['TCP', 'UDP'], 'TCP');
    return [port.text('name', ''), port.number('containerPort')] as const;
  });
  return new Map(ports.filter(([name]) => name !== ''));
}

function readEnvEntry(entry: Fields): EnvEntry {
  const name = entry.text('name');
  const source = entry.child('valueFrom', readSource);
  if (source && entry.has('value')) entry.fail('value', 'a variable has a value or a source, not both');
  return { name, source: source ?? { from: 'value', value: entry.text('value', '') } };
}

function readSource(fields: Fields): EnvSource {
  const keyed = (from: 'secret' | 'configMap') => (ref: Fields) => ({
    from,
    name: ref.text('name'),
    key: ref.text('key'),
    optional: ref.flag('optional', false),
  });
  const resource = (ref: Fields): EnvSource => {
    ref.only('resource', 'limits.memory');
    ref.only('divisor', '1');
    ref.pass('containerName', 'a variable asks for its own container');
    return { from: 'memoryLimit' };
  };
  const found =
    fields.child('fieldRef', readFieldRef) ??
    fields.child('secretKeyRef', keyed('secret')) ??
    fields.child('configMapKeyRef', keyed('configMap')) ??
    fields.child('resourceFieldRef', resource);
  return found ?? fields.fail('', 'a source is expected');
}

export function readFieldRef(ref: Fields): { readonly from: 'field'; readonly path: string } {
  ref.only('apiVersion', 'v1');
  return { from: 'field', path: ref.text('fieldPath') };
}

function readMount(mount: Fields): Mount {
  mount.only('mountPropagation', 'None');
  return {
    volume: mount.text('name'),
    path: mount.text('mountPath'),
    readOnly: mount.flag('readOnly', false),
  };
}

function readHandler(fields: Fields): Handler {
  const exec = fields.child('exec', (e): Handler => ({ kind: 'exec', command: e.texts('command') }));
  const sleep = fields.child('sleep', (s): Handler => ({ kind: 'sleep', seconds: s.number('seconds') }));
  return exec ?? sleep ?? fields.fail('', 'only exec and sleep are known to the harness');
}

function readResources(fields: Fields): Pick<ContainerSpec, 'memoryBytes' | 'cores'> {
  const none = { memory: undefined, cpu: undefined };
  const { limits, requests } = read(fields.any('resources') ?? {}, `${fields.at}.resources`, (resources) => ({
    limits: resources.child('limits', readAmounts) ?? none,
    requests: resources.child('requests', readAmounts) ?? none,
  }));
  for (const what of ['memory', 'cpu'] as const)
    if ((requests[what] ?? 0) > (limits[what] ?? Number.POSITIVE_INFINITY))
      fields.fail('resources', `more ${what} is requested than allowed`);
  return { memoryBytes: limits.memory, cores: limits.cpu };
}

function readAmounts(amounts: Fields) {
  amounts.pass('ephemeral-storage', 'files outside of volumes are not counted');
  const memory = amounts.any('memory');
  const cpu = amounts.any('cpu');
  return {
    memory: memory === undefined ? undefined : bytesOf(memory, `${amounts.at}.memory`),
    cpu: cpu === undefined ? undefined : coresOf(cpu, `${amounts.at}.cpu`),
  };
}
