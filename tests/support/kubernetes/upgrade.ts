import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { type AnyObject, type Finding, placeOf } from './objects.ts';

/**
 * Fields of a spec that may change while the object is there; undefined where all of them may. Of a Service only the
 * address is fixed, and that is compared apart.
 */
const MAY_CHANGE: Readonly<Record<string, readonly string[]>> = {
  StatefulSet: [
    'replicas',
    'ordinals',
    'template',
    'updateStrategy',
    'persistentVolumeClaimRetentionPolicy',
    'minReadySeconds',
    'revisionHistoryLimit',
  ],
  Deployment: [
    'replicas',
    'template',
    'strategy',
    'minReadySeconds',
    'revisionHistoryLimit',
    'progressDeadlineSeconds',
    'paused',
  ],
  Job: ['parallelism', 'activeDeadlineSeconds', 'suspend', 'ttlSecondsAfterFinished'],
  PersistentVolumeClaim: ['resources'],
};
const HOOK = 'helm.sh/hook';

const WithSpec = v.object({ spec: v.optional(v.record(v.string(), v.unknown())) });
const specOf = (object: AnyObject) => v.parse(WithSpec, object).spec ?? {};

/** What Kubernetes refuses when objects that are there become the others: `helm upgrade` fails as a whole then. */
export function upgradeFindings(
  before: readonly AnyObject[],
  after: readonly AnyObject[],
): readonly Finding[] {
  return after.flatMap((next) => {
    const old = before.find((one) => placeOf(one) === placeOf(next));
    // A hook is made anew each time.
    if (!old || next.metadata.annotations?.[HOOK]) return [];
    return fixedFields(next.kind, specOf(old), specOf(next)).map((field) => ({
      check: 'upgrade',
      at: placeOf(next),
      says: `${field} cannot be changed`,
    }));
  });
}

type Spec = Readonly<Record<string, unknown>>;

function fixedFields(kind: string, old: Spec, next: Spec): readonly string[] {
  const fields = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  const changed = fields.filter((field) => !isDeepStrictEqual(old[field], next[field]));
  // With an address of its own or without one: the two cannot become each other.
  if (kind === 'Service') return changed.filter((field) => field === 'clusterIP');
  const may = MAY_CHANGE[kind];
  return may ? changed.filter((field) => !may.includes(field)) : [];
}
