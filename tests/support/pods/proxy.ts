import { type PolicyPod, policyRules } from './policy.ts';
import type { PolicySpec } from './policy-spec.ts';
import type { ServicePort } from './service-spec.ts';

/** A port of a Service with the places behind it, `address:port`. */
export interface Route {
  readonly ip: string;
  readonly port: Pick<ServicePort, 'port' | 'protocol'>;
  readonly endpoints: readonly string[];
}

/** Names of chains; a name of a chain may have 28 characters. */
export interface Chains {
  readonly services: string;
  readonly masquerade: string;
  readonly reject: string;
  readonly ingress: string;
  readonly egress: string;
}

export const chainsOf = (id: string): Chains => ({
  services: `${id}-SVC`,
  masquerade: `${id}-POST`,
  reject: `${id}-NONE`,
  ingress: `${id}-IN`,
  egress: `${id}-OUT`,
});

/**
 * All rules as `iptables-restore --noflush` takes them, like those of kube-proxy: one of the endpoints by chance for each
 * connection, a refusal where there is none, and another source where a pod reaches itself through its own Service.
 */
export function rulesOf(
  chains: Chains,
  routes: readonly Route[],
  policies: readonly PolicySpec[],
  pods: readonly PolicyPod[],
): string {
  return [
    '*nat',
    `:${chains.services} - [0:0]`,
    `:${chains.masquerade} - [0:0]`,
    ...routes.flatMap((route) => chosen(chains.services, route)),
    ...pods.map(({ ip }) => `-A ${chains.masquerade} -s ${ip}/32 -d ${ip}/32 -j MASQUERADE`),
    'COMMIT',
    '*filter',
    `:${chains.reject} - [0:0]`,
    ...routes
      .filter(({ endpoints }) => endpoints.length === 0)
      .map((route) => `-A ${chains.reject} ${to(route)} -j REJECT`),
    ...policyRules(chains, policies, pods),
    'COMMIT',
    '',
  ].join('\n');
}

const to = ({ ip, port: { port, protocol } }: Route): string => {
  const name = protocol.toLowerCase();
  return `-d ${ip}/32 -p ${name} -m ${name} --dport ${port}`;
};

function chosen(chain: string, route: Route): readonly string[] {
  return route.endpoints.map((endpoint, i) => {
    const left = route.endpoints.length - i;
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : '';
    return `-A ${chain} ${to(route)} ${chance}-j DNAT --to-destination ${endpoint}`;
  });
}

interface Jump {
  readonly table: 'nat' | 'filter';
  readonly from: string;
  readonly chain: string;
}

/** Where packets come by: before they are routed, from this machine, and, without endpoints, where they would go on. */
export const jumpsOf = ({ services, masquerade, reject, ingress, egress }: Chains): readonly Jump[] => [
  { table: 'nat', from: 'PREROUTING', chain: services },
  { table: 'nat', from: 'OUTPUT', chain: services },
  { table: 'nat', from: 'POSTROUTING', chain: masquerade },
  { table: 'filter', from: 'FORWARD', chain: ingress },
  { table: 'filter', from: 'FORWARD', chain: egress },
  { table: 'filter', from: 'FORWARD', chain: reject },
  { table: 'filter', from: 'OUTPUT', chain: reject },
];
