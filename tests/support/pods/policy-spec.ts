import { type Fields, read } from './fields.ts';
import { type Labels, type Metadata, readLabels, readMetadata } from './metadata.ts';

/** Who may be at the other end: pods of this namespace by their labels, addresses, or nobody who could be here. */
export type Peer =
  | { readonly kind: 'pods'; readonly selector: Labels }
  | { readonly kind: 'addresses'; readonly cidr: string; readonly except: readonly string[] }
  | { readonly kind: 'elsewhere' };

export interface PolicyPort {
  readonly protocol: 'TCP' | 'UDP';
  /** A number, the name of a port of a container, or every port. */
  readonly port: number | string | undefined;
  readonly endPort: number | undefined;
}

/** No peers are all peers, no ports are all ports. */
export interface PolicyRule {
  readonly peers: readonly Peer[];
  readonly ports: readonly PolicyPort[];
}

export interface PolicySpec extends Metadata {
  readonly kind: 'NetworkPolicy';
  /** Empty for all pods. */
  readonly selector: Labels;
  /** Undefined where the policy says nothing on this direction. */
  readonly ingress: readonly PolicyRule[] | undefined;
  readonly egress: readonly PolicyRule[] | undefined;
}

export function readPolicy(object: Fields, namespace: string): PolicySpec {
  const metadata = readMetadata(object, namespace);
  return object.need('spec', (spec) => {
    const types = spec.texts('policyTypes');
    const hasEgress = spec.has('egress');
    const ingress = spec.list('ingress', (rule) => readRule(rule, 'from', namespace));
    const egress = spec.list('egress', (rule) => readRule(rule, 'to', namespace));
    const speaksOf = (type: string, byDefault: boolean) =>
      types.length > 0 ? types.includes(type) : byDefault;
    return {
      kind: 'NetworkPolicy',
      ...metadata,
      selector: readPodSelector(spec),
      ingress: speaksOf('Ingress', true) ? ingress : undefined,
      egress: speaksOf('Egress', hasEgress) ? egress : undefined,
    };
  });
}

function readRule(rule: Fields, key: 'from' | 'to', namespace: string): PolicyRule {
  return {
    peers: rule.list(key, (peer) => readPeer(peer, namespace)),
    ports: rule.list('ports', (port) => {
      const number = port.any('port');
      return {
        protocol: port.oneOf('protocol', ['TCP', 'UDP'], 'TCP'),
        port: typeof number === 'number' || number === undefined ? number : String(number),
        endPort: port.maybeNumber('endPort'),
      };
    }),
  };
}

function readPeer(peer: Fields, namespace: string): Peer {
  const block = peer.child(
    'ipBlock',
    (b): Peer => ({ kind: 'addresses', cidr: b.text('cidr'), except: b.texts('except') }),
  );
  if (block) return block;
  const isHere = peer.child('namespaceSelector', (s) => selectsNamespace(readMatch(s), namespace)) ?? true;
  const selector = peer.has('podSelector') ? readPodSelector(peer) : {};
  return isHere ? { kind: 'pods', selector } : { kind: 'elsewhere' };
}

const readPodSelector = (fields: Fields): Labels =>
  read(fields.any('podSelector'), `${fields.at}.podSelector`, readMatch);

function readMatch(selector: Fields): Labels {
  selector.only('matchExpressions', []);
  return readLabels(selector, 'matchLabels');
}

/** A namespace has its own name as a label, and none that a test could know. */
const selectsNamespace = (labels: Labels, namespace: string): boolean =>
  Object.entries(labels).every(
    ([key, value]) => key === 'kubernetes.io/metadata.name' && value === namespace,
  );
