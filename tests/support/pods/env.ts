import type { ContainerSpec, EnvSource } from './container-spec.ts';
import { ManifestError } from './fields.ts';
import type { PodFacts } from './pod-facts.ts';
import { fieldOf } from './pod-facts.ts';
import type { ServicePort } from './service-spec.ts';

/** A Service with the address that it keeps. */
export interface LinkedService {
  readonly name: string;
  readonly ip: string;
  readonly ports: readonly ServicePort[];
}

/** The files of ConfigMaps and Secrets, by kind and name. */
export type FilesOf = (kind: 'ConfigMap' | 'Secret', name: string) => ReadonlyMap<string, Buffer> | undefined;

/** The variables that a kubelet gives for the Services there are, as Docker's links once did. */
export function serviceLinks(services: readonly LinkedService[]): ReadonlyMap<string, string> {
  return new Map(services.filter(({ ports }) => ports.length > 0).flatMap(linksOf));
}

function linksOf({ name, ip, ports }: LinkedService): (readonly [string, string])[] {
  const prefix = upper(name);
  const [first] = ports;
  const url = ({ protocol, port }: ServicePort) => `${protocol.toLowerCase()}://${ip}:${port}`;
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first?.port)],
    ...ports
      .filter((port) => port.name !== '')
      .map((port) => [`${prefix}_SERVICE_PORT_${upper(port.name)}`, String(port.port)] as const),
    [`${prefix}_PORT`, first ? url(first) : ''],
    ...ports.flatMap((port) => {
      const own = `${prefix}_PORT_${port.port}_${port.protocol}`;
      return [
        [own, url(port)],
        [`${own}_PROTO`, port.protocol.toLowerCase()],
        [`${own}_PORT`, String(port.port)],
        [`${own}_ADDR`, ip],
      ] as const;
    }),
  ];
}

const upper = (name: string): string => name.toUpperCase().replace(/[-.]/g, '_');

export interface EnvContext {
  readonly facts: PodFacts;
  readonly links: ReadonlyMap<string, string>;
  readonly files: FilesOf;
}

/** What a container has in its environment, in the order of the manifest. Later ones see earlier ones as `$(NAME)`. */
export function environmentOf(container: ContainerSpec, context: EnvContext): ReadonlyMap<string, string> {
  const env = new Map(context.links);
  for (const { name, source } of container.env) {
    const value = resolveSource(source, container, context);
    if (value !== undefined) env.set(name, source.from === 'value' ? expand(value, env) : value);
  }
  return env;
}

function resolveSource(
  source: EnvSource,
  container: ContainerSpec,
  { facts, files }: EnvContext,
): string | undefined {
  if (source.from === 'value') return source.value;
  if (source.from === 'field') return fieldOf(facts, source.path);
  if (source.from === 'memoryLimit') return String(container.memoryBytes ?? 0);
  const found = files(source.from === 'secret' ? 'Secret' : 'ConfigMap', source.name)?.get(source.key);
  if (found === undefined && !source.optional)
    throw new ManifestError(
      `container ${container.name}`,
      `there is no ${source.from} ${source.name} with ${source.key}`,
    );
  return found?.toString('utf8');
}

/** `$(NAME)` becomes the value of a variable that is there, `$$` a dollar; everything else stays as it is. */
export function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (all: string, name: string | undefined) => {
    if (name === undefined) return '$';
    return env.get(name) ?? all;
  });
}
