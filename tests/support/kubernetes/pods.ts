import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { type AnyObject, type Kinds, ofKind, placeOf } from './objects.ts';

type Labels = Readonly<Record<string, string>>;

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Requirement[];
}

/** A pod as an object describes it, however many are made of it. */
export interface PodTemplate {
  /** `StatefulSet/shop-node`, the object that makes the pods. */
  readonly at: string;
  readonly owner: AnyObject;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly spec: IPodSpec;
  /** Names of the claims that a StatefulSet makes for each pod; they are volumes by the same name. */
  readonly claims: readonly string[];
}

interface Template {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec?: IPodSpec;
}

/** Every pod that the objects describe, the tests' own among them. */
export function podTemplates(objects: readonly AnyObject[]): readonly PodTemplate[] {
  return [
    ...ofKind(objects, 'StatefulSet').map((o) => template(o, o.spec?.template, claimsOf(o))),
    ...ofKind(objects, 'Deployment').map((o) => template(o, o.spec?.template)),
    ...ofKind(objects, 'DaemonSet').map((o) => template(o, o.spec?.template)),
    ...ofKind(objects, 'Job').map((o) => template(o, o.spec?.template)),
    ...ofKind(objects, 'CronJob').map((o) => template(o, o.spec?.jobTemplate.spec?.template)),
    ...ofKind(objects, 'Pod').map((o) =>
      template(o, { metadata: o.metadata, ...(o.spec && { spec: o.spec }) }),
    ),
  ];
}

const claimsOf = (set: Kinds['StatefulSet']) =>
  (set.spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? '');

function template(
  owner: AnyObject,
  given: Template | undefined,
  claims: readonly string[] = [],
): PodTemplate {
  return {
    at: placeOf(owner),
    owner,
    labels: given?.metadata?.labels ?? {},
    annotations: given?.metadata?.annotations ?? {},
    spec: given?.spec ?? { containers: [] },
    claims,
  };
}

/** A pod as it will be there, with the labels that Kubernetes itself adds. */
export interface Pod {
  readonly name: string;
  readonly labels: Labels;
  readonly template: PodTemplate;
}

/** The pods by name where a StatefulSet names them, one a template elsewhere. */
export function podsOf(objects: readonly AnyObject[]): readonly Pod[] {
  return podTemplates(objects).flatMap((one) => {
    if (one.owner.kind !== 'StatefulSet') return [{ name: one.at, labels: one.labels, template: one }];
    const [set] = ofKind([one.owner], 'StatefulSet');
    const first = set?.spec?.ordinals?.start ?? 0;
    return Array.from({ length: set?.spec?.replicas ?? 1 }, (_, index) => {
      const name = `${one.owner.metadata.name}-${first + index}`;
      const own = {
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': `${first + index}`,
      };
      return { name, labels: { ...one.labels, ...own }, template: one };
    });
  });
}

/** Containers that start before the others and the others, in the order of their starts. */
export const containersOf = ({ spec }: PodTemplate): readonly IContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

/** An empty selector matches everything, as it does in Kubernetes. */
export function matches(selector: Selector | undefined, labels: Labels): boolean {
  const exact = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return exact && (selector?.matchExpressions ?? []).every((one) => fulfils(one, labels));
}

function fulfils({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const listed = value !== undefined && values.includes(value);
  return operator === 'In' ? listed : !listed;
}
