import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { type AnyObject, ofKind, placeOf } from '../objects.ts';
import { containersOf, matches, podsOf } from '../pods.ts';
import { type Policy, when } from './types.ts';

const DNS = 53;
/** Holds figures and no data: everybody may read it where nobody is named. */
const METRICS = 9121;
/** Is read from outside of the release, by whom the user says. */
const READ_FROM_OUTSIDE = 'metrics';
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

type NetworkPolicy = AnyObject & INetworkPolicy;

/** Who may speak to whom, and where a name or an address leads. */
export const NETWORK: readonly Policy[] = [
  {
    id: 'network-policy',
    why: 'a pod that no policy selects is open to the whole cluster, and a rule without peers to everybody',
    check: ({ objects }) => {
      const policies = ofKind(objects, 'NetworkPolicy');
      const uncovered = podsOf(objects).filter(
        ({ labels }) => !policies.some((one) => isClosed(one) && matches(one.spec?.podSelector, labels)),
      );
      return [
        ...uncovered.map(({ name }) => ({ at: name, says: 'no policy covers what it says and hears' })),
        ...policies.flatMap((one) => open(one, objects).map((says) => ({ at: placeOf(one), says }))),
      ];
    },
  },
  {
    id: 'network-policy-lets-in',
    why: 'servers of one stack that cannot reach each other never become one',
    check: ({ objects, templates }) => {
      const policies = ofKind(objects, 'NetworkPolicy');
      if (policies.length === 0) return [];
      return templates.flatMap(({ at, labels, ...template }) =>
        containersOf({ at, labels, ...template })
          .flatMap(({ ports = [] }) => ports)
          .filter(({ name }) => name !== READ_FROM_OUTSIDE)
          .filter(({ containerPort }) => !policies.some((one) => letsIn(one, labels, containerPort)))
          .map(({ containerPort }) => ({ at, says: `its own kind cannot reach its port ${containerPort}` })),
      );
    },
  },
  {
    id: 'metrics-are-reachable',
    why: 'whoever is told to read metrics is shut out, and no alert ever fires',
    check: ({ objects, templates }) => {
      const policies = ofKind(objects, 'NetworkPolicy');
      const isWatched = objects.some(({ kind }) => kind === 'PodMonitor' || kind === 'ServiceMonitor');
      if (policies.length === 0 || !isWatched) return [];
      const open = policies.flatMap(({ spec }) => spec?.ingress ?? []).flatMap(({ ports = [] }) => ports);
      return templates.flatMap((template) =>
        containersOf(template)
          .flatMap(({ ports = [] }) => ports)
          .filter(
            ({ name, containerPort }) =>
              name === READ_FROM_OUTSIDE && !open.some((one) => one.port === containerPort),
          )
          .map(({ containerPort }) => ({
            at: template.at,
            says: `nobody may read its port ${containerPort}`,
          })),
      );
    },
  },
  {
    id: 'not-ready-addresses',
    why: 'servers find each other before they are ready; clients are not to be sent to one that is not',
    check: ({ objects }) =>
      ofKind(objects, 'Service').flatMap((service) => {
        const { clusterIP, selector = {}, publishNotReadyAddresses = false } = service.spec ?? {};
        const isForServers = clusterIP === 'None' || POD_NAME in selector;
        return when(
          isForServers !== publishNotReadyAddresses,
          isForServers
            ? 'it hides servers that are not ready'
            : 'it leads clients to servers that are not ready',
        ).map((says) => ({ at: placeOf(service), says }));
      }),
  },
  {
    id: 'inside-only',
    why: 'a database is not to be reached from outside of the cluster unless somebody asks for it',
    check: ({ objects }) =>
      ofKind(objects, 'Service')
        .filter(({ spec }) => (spec?.type ?? 'ClusterIP') !== 'ClusterIP')
        .map((service) => ({ at: placeOf(service), says: `it is a ${service.spec?.type}` })),
  },
];

const isClosed = ({ spec }: NetworkPolicy) =>
  ['Ingress', 'Egress'].every((type) => (spec?.policyTypes ?? []).some((one) => one === type));

function open({ spec }: NetworkPolicy, objects: readonly AnyObject[]): readonly string[] {
  // What is outside of the cluster, such as a bucket, has no address to name: then the port, and not for servers.
  const isForServers = podsOf(ofKind(objects, 'StatefulSet')).some(({ labels }) =>
    matches(spec?.podSelector, labels),
  );
  const heard = (spec?.ingress ?? []).filter(({ from = [], ports = [] }) => {
    const isForAll = ports.length > 0 && ports.every(({ port }) => port === METRICS);
    return ports.length === 0 || !(named(from) || isForAll);
  });
  const said = (spec?.egress ?? []).filter(({ to = [], ports = [] }) => {
    const isNarrow = ports.length > 0 && (!isForServers || ports.every(({ port }) => port === DNS));
    return !named(to) && !isNarrow;
  });
  return [
    ...when(heard.length > 0, 'a rule for what comes in names no peer or no port'),
    ...when(said.length > 0, 'a rule for what goes out names no peer'),
  ];
}

/** A peer with empty selectors is everybody under another name. */
function named(
  peers: readonly {
    readonly podSelector?: object;
    readonly namespaceSelector?: object;
    readonly ipBlock?: object;
  }[],
) {
  const isNamed = ({ podSelector, namespaceSelector, ipBlock }: (typeof peers)[number]) =>
    ipBlock !== undefined ||
    [podSelector, namespaceSelector].some((one) => Object.keys(one ?? {}).length > 0);
  return peers.length > 0 && peers.every(isNamed);
}

function letsIn({ spec }: NetworkPolicy, labels: Readonly<Record<string, string>>, port: number): boolean {
  return (spec?.ingress ?? []).some(
    ({ from = [], ports = [] }) =>
      ports.some((one) => one.port === port) &&
      from.some((peer) => peer.podSelector && !peer.namespaceSelector && matches(peer.podSelector, labels)),
  );
}
