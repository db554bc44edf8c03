import { matches } from './metadata.ts';
import type { Pod } from './pod.ts';
import type { Route } from './proxy.ts';
import type { ServicePort, ServiceSpec } from './service-spec.ts';

/** The pods behind a Service: those that are ready, or all where it says so; pods that stop only where no other is left. */
export function podsBehind(service: ServiceSpec, pods: readonly Pod[]): readonly Pod[] {
  const selected = pods.filter(
    (pod) =>
      matches(service.selector, pod.order.spec.labels) &&
      pod.isPlaced &&
      !pod.isGone &&
      pod.exitCodes === undefined,
  );
  const ready = selected.filter((pod) => service.publishNotReady || (pod.isReady && !pod.isTerminating));
  return ready.length > 0 ? ready : selected.filter((pod) => pod.isReady && pod.isTerminating);
}

/** Every port of a Service with the addresses behind it at the moment. */
export function routesOf(service: ServiceSpec, ip: string, pods: readonly Pod[]): readonly Route[] {
  if (service.headless) return [];
  const behind = podsBehind(service, pods);
  return service.ports.map((port) => ({
    ip,
    port,
    endpoints: behind.flatMap((pod) => {
      const target = targetIn(pod, port);
      return target === undefined ? [] : [`${pod.ip}:${target}`];
    }),
  }));
}

/** A pod without a port of that name is no endpoint for it. */
function targetIn(pod: Pod, { target }: ServicePort): number | undefined {
  if (typeof target === 'number') return target;
  return pod.containers.map(({ spec }) => spec.ports.get(target)).find((port) => port !== undefined);
}

/** What the DNS of the cluster says of a name; undefined where there is none. `domain` is that of the namespace. */
export function addressesOf(
  name: string,
  domain: string,
  services: ReadonlyMap<string, { readonly spec: ServiceSpec; readonly ip: string }>,
  pods: readonly Pod[],
): readonly string[] | undefined {
  if (!name.endsWith(`.${domain}`)) return undefined;
  const [service = '', host, ...more] = name
    .slice(0, -domain.length - 1)
    .split('.')
    .reverse();
  const found = services.get(service);
  if (!found || more.length > 0) return undefined;
  if (!found.spec.headless) return host === undefined ? [found.ip] : undefined;
  const behind = podsBehind(found.spec, pods).filter(
    ({ order: { spec } }) => host === undefined || (spec.subdomain === service && spec.hostname === host),
  );
  return behind.length > 0 ? behind.map(({ ip }) => ip) : undefined;
}
