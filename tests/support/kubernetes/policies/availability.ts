import type { IPodAffinityTerm } from 'kubernetes-models/v1/PodAffinityTerm';
import { ofKind, placeOf } from '../objects.ts';
import { matches, type PodTemplate } from '../pods.ts';
import { type Broken, type Policy, when } from './types.ts';

const SHARD = 'redis-stack/shard';
const MACHINE = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** What keeps copies apart, and at least all but one of them up. */
export const AVAILABILITY: readonly Policy[] = [
  {
    id: 'budgets',
    why: 'without a budget a drain may end all copies at once; with two for one pod it is evicted by nobody',
    check: ({ objects, templates }) => {
      const budgets = ofKind(objects, 'PodDisruptionBudget');
      return [
        ...replicated(templates).flatMap(({ at, labels }) => {
          const covering = budgets.filter(({ spec }) => matches(spec?.selector, labels));
          return when(covering.length !== 1, `${covering.length} budgets cover it`).map((says) => ({
            at,
            says,
          }));
        }),
        ...budgets
          .filter(({ spec }) => spec?.maxUnavailable !== 1)
          .map((budget) => ({ at: placeOf(budget), says: 'its maxUnavailable is not 1' })),
      ];
    },
  },
  {
    id: 'apart',
    why: 'a machine that is lost takes a primary and its only copy with it',
    check: ({ templates }) => replicated(templates).flatMap((one) => [...machines(one), ...zones(one)]),
  },
];

/** Pods of which there are to be several; one replica needs no spread, but a drain has to find its budget. */
function replicated(templates: readonly PodTemplate[]): readonly PodTemplate[] {
  return templates.filter(({ owner }) => {
    if (owner.kind === 'StatefulSet') return true;
    const [deployment] = ofKind([owner], 'Deployment');
    return (deployment?.spec?.replicas ?? 1) > 1 && deployment !== undefined;
  });
}

const isAlone = ({ owner }: PodTemplate) => (ofKind([owner], 'StatefulSet')[0]?.spec?.replicas ?? 2) < 2;

function machines(template: PodTemplate): readonly Broken[] {
  if (isAlone(template)) return [];
  const own = template.spec.affinity?.podAntiAffinity;
  const terms: readonly IPodAffinityTerm[] = [
    ...(own?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(own?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.podAffinityTerm),
  ];
  const keeps = terms.some((term) => term.topologyKey === MACHINE && fits(template, term.labelSelector));
  return when(!keeps, 'its copies may be on one machine').map((says) => ({ at: template.at, says }));
}

function zones(template: PodTemplate): readonly Broken[] {
  if (isAlone(template)) return [];
  const spread = template.spec.topologySpreadConstraints ?? [];
  const keeps = spread.some((one) => one.topologyKey === ZONE && fits(template, one.labelSelector));
  return when(!keeps, 'its copies are not spread over zones').map((says) => ({ at: template.at, says }));
}

/** It has to speak of these pods, and of one shard where there are shards: others may well share a machine. */
function fits({ labels }: PodTemplate, selector: IPodAffinityTerm['labelSelector']): boolean {
  const shard = labels[SHARD];
  return matches(selector, labels) && (shard === undefined || selector?.matchLabels?.[SHARD] === shard);
}
