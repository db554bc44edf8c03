import type { Labels } from './metadata.ts';
import type { Peer, PolicyPort, PolicyRule, PolicySpec } from './policy-spec.ts';

/** What a policy has to know of a pod. */
export interface PolicyPod {
  readonly ip: string;
  readonly labels: Labels;
  /** Ports of its containers by name. */
  readonly ports: ReadonlyMap<string, number>;
}

interface Direction {
  readonly chain: string;
  /** How iptables calls the address of the pod, and that of the other end. */
  readonly own: '-d' | '-s';
  readonly other: '-s' | '-d';
  rules(policy: PolicySpec): readonly PolicyRule[] | undefined;
}

/**
 * Rules of the table `filter`, in a chain for each direction: a pod that a policy selects is reached, and reaches others,
 * as far as some policy allows; everything else is dropped. Pods reach themselves, and answers always come back.
 */
export function policyRules(
  chains: { readonly ingress: string; readonly egress: string },
  policies: readonly PolicySpec[],
  pods: readonly PolicyPod[],
): readonly string[] {
  const directions: readonly Direction[] = [
    { chain: chains.ingress, own: '-d', other: '-s', rules: ({ ingress }) => ingress },
    { chain: chains.egress, own: '-s', other: '-d', rules: ({ egress }) => egress },
  ];
  return directions.flatMap((direction) => [
    `:${direction.chain} - [0:0]`,
    `-A ${direction.chain} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN`,
    ...pods.flatMap((pod) => rulesFor(pod, direction, policies, pods)),
  ]);
}

function rulesFor(
  pod: PolicyPod,
  direction: Direction,
  policies: readonly PolicySpec[],
  pods: readonly PolicyPod[],
): readonly string[] {
  const mine = policies.filter((policy) => direction.rules(policy) && selects(policy.selector, pod.labels));
  if (mine.length === 0) return [];
  const { chain, own, other } = direction;
  const begin = `-A ${chain} ${own} ${pod.ip}/32`;
  const allowed = mine
    .flatMap((policy) => direction.rules(policy) ?? [])
    .flatMap((rule) => {
      const ends = rule.peers.length === 0 ? [''] : rule.peers.flatMap((peer) => endsOf(peer, other, pods));
      return ends.flatMap((end) =>
        portsOf(rule, own === '-d' ? [pod] : pods).map((port) => `${begin}${end}${port} -j RETURN`),
      );
    });
  return [`${begin} ${other} ${pod.ip}/32 -j RETURN`, ...allowed, `${begin} -j DROP`];
}

const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

function endsOf(peer: Peer, other: '-s' | '-d', pods: readonly PolicyPod[]): readonly string[] {
  if (peer.kind === 'pods')
    return pods.filter(({ labels }) => selects(peer.selector, labels)).map(({ ip }) => ` ${other} ${ip}/32`);
  if (peer.kind === 'elsewhere') return [];
  // One rule has one address: what is excepted cannot be said here, and is not guessed.
  if (peer.except.length > 0) throw new Error('ipBlock.except is not known to the harness');
  return [` ${other} ${peer.cidr}`];
}

/** The numbers of the ports; those of names are looked up in the pods that are reached. */
function portsOf({ ports }: PolicyRule, reached: readonly PolicyPod[]): readonly string[] {
  if (ports.length === 0) return [''];
  return ports.flatMap((port) =>
    numbersOf(port, reached).map((number) => {
      const name = port.protocol.toLowerCase();
      const range = port.endPort === undefined ? number : `${number}:${port.endPort}`;
      return ` -p ${name} -m ${name}${number === '' ? '' : ` --dport ${range}`}`;
    }),
  );
}

function numbersOf({ port }: PolicyPort, reached: readonly PolicyPod[]): readonly string[] {
  if (port === undefined) return [''];
  if (typeof port === 'number') return [String(port)];
  const named = reached.map(({ ports }) => ports.get(port)).filter((number) => number !== undefined);
  return [...new Set(named)].map(String);
}
