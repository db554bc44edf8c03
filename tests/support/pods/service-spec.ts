import type { Fields } from './fields.ts';
import { type Labels, type Metadata, readLabels, readMetadata } from './metadata.ts';

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  /** A number, or the name of a port of a container. */
  readonly target: number | string;
  readonly protocol: 'TCP' | 'UDP';
}

export interface ServiceSpec extends Metadata {
  readonly kind: 'Service';
  readonly selector: Labels;
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  readonly publishNotReady: boolean;
}

export function readService(object: Fields, namespace: string): ServiceSpec {
  const metadata = readMetadata(object, namespace);
  return object.need('spec', (spec) => {
    spec.only('type', 'ClusterIP');
    const clusterIp = spec.text('clusterIP', '');
    if (!['', 'None'].includes(clusterIp)) spec.fail('clusterIP', 'addresses are given out here');
    spec.only('sessionAffinity', 'None');
    spec.only('internalTrafficPolicy', 'Cluster');
    spec.pass('ipFamilies', 'addresses are IPv4');
    spec.oneOf('ipFamilyPolicy', ['SingleStack', 'PreferDualStack'], 'SingleStack');
    const ports = spec.list('ports', readServicePort);
    const names = new Set(ports.map(({ name }) => name));
    if (names.size < ports.length) spec.fail('ports', 'several ports need names of their own');
    return {
      kind: 'Service',
      ...metadata,
      selector: readLabels(spec, 'selector'),
      headless: clusterIp === 'None',
      ports,
      publishNotReady: spec.flag('publishNotReadyAddresses', false),
    };
  });
}

function readServicePort(port: Fields): ServicePort {
  const number = port.number('port');
  port.pass('appProtocol', 'a word to meshes');
  const target = port.any('targetPort') ?? number;
  if (typeof target !== 'number' && typeof target !== 'string')
    port.fail('targetPort', 'a number or a name is expected');
  return {
    name: port.text('name', ''),
    port: number,
    target,
    protocol: port.oneOf('protocol', ['TCP', 'UDP'], 'TCP'),
  };
}
