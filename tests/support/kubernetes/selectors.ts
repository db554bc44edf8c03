import * as v from 'valibot';
import { MonitorReferences } from './custom-resources.ts';
import { type AnyObject, type Finding, ofKind, placeOf } from './objects.ts';
import {
  containersOf,
  matches,
  type Pod,
  type PodTemplate,
  podsOf,
  podTemplates,
  type Selector,
} from './pods.ts';

type Broken = Omit<Finding, 'check'>;

/** Does every selector select what it is meant to, and nothing that is another's? */
export function selectorFindings(objects: readonly AnyObject[]): readonly Finding[] {
  const pods = podsOf(objects);
  const found = [
    ...workloads(objects),
    ...services(objects, pods),
    ...neighbours(objects, pods),
    ...ofKind(objects, 'PodDisruptionBudget').flatMap((o) => somebody(o, o.spec?.selector, pods)),
    ...ofKind(objects, 'NetworkPolicy').flatMap((o) => somebody(o, o.spec?.podSelector, pods)),
    ...monitors(objects, pods),
  ];
  return found.map((one) => ({ ...one, check: 'selector' }));
}

function somebody(
  object: AnyObject,
  selector: Selector | undefined,
  pods: readonly Pod[],
): readonly Broken[] {
  if (pods.some(({ labels }) => matches(selector, labels))) return [];
  return [{ at: placeOf(object), says: 'it selects no pod' }];
}

/** A controller owns the pods that its selector finds: its own all of them, another's none. */
function workloads(objects: readonly AnyObject[]): readonly Broken[] {
  const owners = [
    ...ofKind(objects, 'StatefulSet'),
    ...ofKind(objects, 'Deployment'),
    ...ofKind(objects, 'DaemonSet'),
  ];
  const templates = podTemplates(objects);
  return owners.flatMap((owner) => {
    const selects = (one: PodTemplate) => matches(owner.spec?.selector, one.labels);
    const at = placeOf(owner);
    return templates.flatMap((one) => {
      if (one.owner === owner)
        return selects(one) ? [] : [{ at, says: 'its selector does not fit its own pods' }];
      return selects(one) ? [{ at, says: `its selector fits the pods of ${one.at} too` }] : [];
    });
  });
}

function services(objects: readonly AnyObject[], pods: readonly Pod[]): readonly Broken[] {
  return ofKind(objects, 'Service').flatMap((service) => {
    const { selector, ports = [] } = service.spec ?? {};
    if (!selector) return [];
    const at = placeOf(service);
    const behind = pods.filter(({ labels }) => matches({ matchLabels: selector }, labels));
    if (behind.length === 0) return [{ at, says: 'it selects no pod' }];
    // A headless Service is a list of names; another one sends its connections to any of its pods.
    const meant = service.spec?.clusterIP === 'None' ? behind.slice(0, 1) : behind;
    return ports.flatMap(({ port, targetPort = port }) =>
      meant
        .filter(({ template }) => !hasPort(template, targetPort))
        .map(({ name }) => ({ at, says: `its pod ${name} has not the port ${targetPort}` })),
    );
  });
}

const hasPort = (template: PodTemplate, wanted: string | number) =>
  containersOf(template).some(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => name === wanted || containerPort === wanted),
  );

/** A rule about neighbours that names no pod spreads nothing, and does so silently. */
function neighbours(objects: readonly AnyObject[], pods: readonly Pod[]): readonly Broken[] {
  return podTemplates(objects).flatMap(({ at, spec }) => {
    const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
    const terms = [podAffinity, podAntiAffinity].flatMap((one) => [
      ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((some) => some.podAffinityTerm),
    ]);
    return [...terms, ...(spec.topologySpreadConstraints ?? [])]
      .filter(({ labelSelector }) => !pods.some(({ labels }) => matches(labelSelector, labels)))
      .map(({ topologyKey }) => ({ at, says: `its spread over ${topologyKey} selects no pod` }));
  });
}

function monitors(objects: readonly AnyObject[], pods: readonly Pod[]): readonly Broken[] {
  const watching = objects.filter(({ kind }) => kind === 'ServiceMonitor' || kind === 'PodMonitor');
  return watching.flatMap((object) => {
    const { spec } = v.parse(MonitorReferences, object);
    const at = placeOf(object);
    const watched =
      object.kind === 'PodMonitor' ? pods.map(ofPod) : ofKind(objects, 'Service').map(ofService);
    const selected = watched.filter(({ labels }) => matches(asSelector(spec.selector), labels));
    if (selected.length === 0) return [{ at, says: 'it selects nothing' }];
    const names = new Set(selected.flatMap(({ ports }) => ports));
    return (spec.podMetricsEndpoints ?? spec.endpoints ?? []).flatMap(({ port }) =>
      port === undefined || names.has(port)
        ? []
        : [{ at, says: `nothing it selects has a port called ${port}` }],
    );
  });
}

const ofPod = ({ labels, template }: Pod) => ({
  labels,
  ports: containersOf(template).flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
});

const ofService = ({ metadata, spec }: ReturnType<typeof ofKind<'Service'>>[number]) => ({
  labels: metadata.labels ?? {},
  ports: (spec?.ports ?? []).map(({ name }) => name),
});

type ParsedSelector = v.InferOutput<typeof MonitorReferences>['spec']['selector'];

function asSelector({ matchLabels = {}, matchExpressions = [] }: ParsedSelector): Selector {
  return {
    matchLabels,
    matchExpressions: matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values })),
  };
}
