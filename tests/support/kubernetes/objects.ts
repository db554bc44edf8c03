import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import * as v from 'valibot';
import { parseDocument } from 'yaml';

/** What every object has, whatever its kind. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The kinds that checks look into, by name. */
export interface Kinds {
  readonly ConfigMap: IConfigMap;
  readonly CronJob: ICronJob;
  readonly DaemonSet: IDaemonSet;
  readonly Deployment: IDeployment;
  readonly Job: IJob;
  readonly NetworkPolicy: INetworkPolicy;
  readonly PersistentVolumeClaim: IPersistentVolumeClaim;
  readonly Pod: IPod;
  readonly PodDisruptionBudget: IPodDisruptionBudget;
  readonly Role: IRole;
  readonly RoleBinding: IRoleBinding;
  readonly Secret: ISecret;
  readonly Service: IService;
  readonly ServiceAccount: IServiceAccount;
  readonly StatefulSet: IStatefulSet;
}

/** One thing that is wrong: which check saw it, where, and what. */
export interface Finding {
  readonly check: string;
  /** `StatefulSet/shop-node`, then a path where there is one. */
  readonly at: string;
  readonly says: string;
}

export const printFinding = ({ check, at, says }: Finding): string => `${check}: ${at}: ${says}`;

const Shape = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.looseObject({ name: v.string() }),
});

const read = new Map<string, readonly AnyObject[]>();

/**
 * The objects of a rendered chart, in their order. Read as YAML 1.1, as Helm and kubectl do, so that an unquoted `yes` is
 * a boolean here too. Throws at a document that is no object of Kubernetes, and at a key that stands twice. A text that
 * was read before gives the very same objects: most documents of two renderings are equal, and reading them takes longest.
 */
export function readObjects(text: string): readonly AnyObject[] {
  return text.split(/^---\s*$/m).flatMap((document) => {
    const objects = read.get(document) ?? readDocument(document);
    read.set(document, objects);
    return objects;
  });
}

function readDocument(text: string): readonly AnyObject[] {
  const document = parseDocument(text, { version: '1.1' });
  const [error] = document.errors;
  if (error) throw new Error(`The manifest is not YAML: ${error.message}`);
  const value: unknown = document.toJS();
  return value === null ? [] : [asObject(value)];
}

function asObject(value: unknown): AnyObject {
  const parsed = v.safeParse(Shape, value);
  if (!parsed.success)
    throw new Error(`${JSON.stringify(value).slice(0, 200)}: ${v.summarize(parsed.issues)}`);
  // Fields that every kind has; what is in them is held against the schema by schema.ts.
  return parsed.output as AnyObject;
}

/** All objects of a kind. Their fields are what the schema says only after schema.ts found nothing. */
export function ofKind<K extends keyof Kinds>(
  objects: readonly AnyObject[],
  kind: K,
): readonly (AnyObject & Kinds[K])[] {
  return objects.filter((object): object is AnyObject & Kinds[K] => object.kind === kind);
}

export const placeOf = ({ kind, metadata }: Pick<AnyObject, 'kind' | 'metadata'>): string =>
  `${kind}/${metadata.name}`;
