import { type AnyObject, ofKind, placeOf } from '../objects.ts';
import { onContainers, type Policy, when } from './types.ts';

/** Labels that change with every release of the chart. */
const CHANGING = ['app.kubernetes.io/version', 'helm.sh/chart'];
const IDENTITY = ['app.kubernetes.io/name', 'app.kubernetes.io/instance'];
const KEPT = 'helm.sh/resource-policy';

/** What an upgrade, a roll-back or an uninstall may not break. */
export const UPGRADES: readonly Policy[] = [
  {
    id: 'data-stays',
    why: 'an uninstall or a smaller number of replicas would delete the data',
    check: ({ objects }) => [
      ...ofKind(objects, 'StatefulSet')
        .filter(({ spec }) => (spec?.volumeClaimTemplates ?? []).length > 0)
        .filter(({ spec }) => {
          const kept = spec?.persistentVolumeClaimRetentionPolicy;
          return kept?.whenDeleted !== 'Retain' || kept.whenScaled !== 'Retain';
        })
        .map((set) => ({ at: placeOf(set), says: 'its claims are not retained' })),
      ...ofKind(objects, 'PersistentVolumeClaim')
        .filter(({ metadata }) => metadata.annotations?.[KEPT] !== 'keep')
        .map((claim) => ({ at: placeOf(claim), says: 'it goes with the release' })),
    ],
  },
  {
    id: 'stable-selectors',
    why: 'selectors and claims cannot be changed: with a version in them the next upgrade fails',
    check: ({ objects }) =>
      objects.flatMap((object) =>
        labelsInSelectors(object)
          .filter((label) => CHANGING.includes(label))
          .map((label) => ({
            at: placeOf(object),
            says: `${label} is in a selector, in claims or on its pods`,
          })),
      ),
  },
  {
    id: 'labels',
    why: 'nobody finds what belongs to the release, and Helm adopts nothing without them',
    check: ({ objects, templates }) => [
      ...objects.flatMap((object) => {
        const labels = object.metadata.labels ?? {};
        const missing = [...IDENTITY, 'app.kubernetes.io/managed-by', ...CHANGING].filter(
          (one) => !labels[one],
        );
        return missing.map((one) => ({ at: placeOf(object), says: `it has no label ${one}` }));
      }),
      ...templates.flatMap(({ at, labels }) =>
        [...IDENTITY, 'app.kubernetes.io/component']
          .filter((one) => !labels[one])
          .map((one) => ({ at, says: `its pods have no label ${one}` })),
      ),
    ],
  },
  {
    id: 'pinned-images',
    why: 'another program runs after a restart than before it',
    check: onContainers(({ image = '', imagePullPolicy }) => [
      ...when(!isPinned(image), `runs '${image}', which names no release`),
      ...when(imagePullPolicy === undefined, 'leaves open when its image is pulled'),
    ]),
  },
  {
    id: 'hooks-clean-up',
    why: 'a hook that stays blocks the next upgrade',
    check: ({ objects }) =>
      objects
        .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'])
        .filter(
          ({ metadata }) =>
            !metadata.annotations?.['helm.sh/hook-delete-policy']?.includes('before-hook-creation'),
        )
        .map((object) => ({ at: placeOf(object), says: 'it stays after its hook' })),
  },
];

function isPinned(image: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = image.match(/:([\w][\w.-]*)$/)?.[1];
  return tag !== undefined && tag !== 'latest';
}

/** Every label that stands where it cannot be changed, or where a change restarts all pods. */
function labelsInSelectors(object: AnyObject): readonly string[] {
  const [set] = ofKind([object], 'StatefulSet');
  const [deployment] = ofKind([object], 'Deployment');
  const [service] = ofKind([object], 'Service');
  const [budget] = ofKind([object], 'PodDisruptionBudget');
  const [policy] = ofKind([object], 'NetworkPolicy');
  const all = [
    set?.spec?.selector.matchLabels,
    set?.spec?.template.metadata?.labels,
    ...(set?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.labels),
    deployment?.spec?.selector.matchLabels,
    deployment?.spec?.template.metadata?.labels,
    service?.spec?.selector,
    budget?.spec?.selector?.matchLabels,
    policy?.spec?.podSelector?.matchLabels,
  ];
  return all.flatMap((labels) => Object.keys(labels ?? {}));
}
