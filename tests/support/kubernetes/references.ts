import type { IVolume } from 'kubernetes-models/v1/Volume';
import { type Available, availableIn, type Known, missing, type Wanted } from './available.ts';
import { type AnyObject, type Finding, ofKind, placeOf } from './objects.ts';
import { containersOf, type PodTemplate, podTemplates } from './pods.ts';

/** Does everything that a pod names exist: volumes, ConfigMaps, Secrets and their keys, claims, accounts? */
export function referenceFindings(objects: readonly AnyObject[], known: Known): readonly Finding[] {
  const available = availableIn(objects, known);
  const found = [
    ...podTemplates(objects).flatMap((one) => [...mounts(one), ...sources(one, available), ...probes(one)]),
    ...ofKind(objects, 'StatefulSet').flatMap((set) =>
      headless(objects, set.spec?.serviceName).map((says) => ({ at: placeOf(set), says })),
    ),
    ...ofKind(objects, 'RoleBinding').flatMap((binding) => bound(objects, binding, available)),
  ];
  return found.map((one) => ({ ...one, check: 'reference' }));
}

type Broken = Omit<Finding, 'check'>;

function headless(objects: readonly AnyObject[], name: string | undefined): readonly string[] {
  const service = ofKind(objects, 'Service').find(({ metadata }) => metadata.name === name);
  if (!service) return [`there is no Service ${name ?? ''} for its serviceName`];
  return service.spec?.clusterIP === 'None' ? [] : [`its Service ${name ?? ''} is not headless`];
}

function mounts(template: PodTemplate): readonly Broken[] {
  const there = new Set([...(template.spec.volumes ?? []).map(({ name }) => name), ...template.claims]);
  const wanted = containersOf(template).flatMap(({ name, volumeMounts = [] }) =>
    volumeMounts.map((mount) => ({ container: name, volume: mount.name })),
  );
  const used = new Set(wanted.map(({ volume }) => volume));
  return [
    ...wanted
      .filter(({ volume }) => !there.has(volume))
      .map(({ container, volume }) => `${container} mounts the volume ${volume}, which is not there`),
    ...[...there].filter((name) => !used.has(name)).map((name) => `nobody mounts the volume ${name}`),
  ].map((says) => ({ at: template.at, says }));
}

function sources(template: PodTemplate, available: Available): readonly Broken[] {
  const { spec } = template;
  const wanted: readonly Wanted[] = [
    ...(spec.volumes ?? []).flatMap(ofVolume),
    ...containersOf(template).flatMap(ofVariables),
    ...(spec.imagePullSecrets ?? []).map(({ name = '' }) => ({ kind: 'Secret', name, keys: [] }) as const),
    { kind: 'ServiceAccount', name: spec.serviceAccountName ?? 'default', keys: [] },
  ];
  return wanted.flatMap((one) => missing(available, one)).map((says) => ({ at: template.at, says }));
}

const keysOf = (items: readonly { readonly key: string }[] | undefined) =>
  (items ?? []).map(({ key }) => key);

function ofVolume({ configMap, secret, projected, persistentVolumeClaim }: IVolume): readonly Wanted[] {
  const claim = persistentVolumeClaim?.claimName;
  return [
    ...ofSource('ConfigMap', configMap),
    ...ofSource('Secret', secret && { ...secret, name: secret.secretName ?? '' }),
    ...(projected?.sources ?? []).flatMap((one) => [
      ...ofSource('ConfigMap', one.configMap),
      ...ofSource('Secret', one.secret),
    ]),
    ...(claim === undefined ? [] : [{ kind: 'PersistentVolumeClaim', name: claim, keys: [] } as const]),
  ];
}

interface Source {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string }[];
}

function ofSource(kind: 'ConfigMap' | 'Secret', source: Source | undefined): readonly Wanted[] {
  if (!source || source.optional) return [];
  return [{ kind, name: source.name ?? '', keys: keysOf(source.items) }];
}

type Container = ReturnType<typeof containersOf>[number];

function ofVariables({ env = [], envFrom = [] }: Container): readonly Wanted[] {
  const one = (
    kind: 'ConfigMap' | 'Secret',
    ref: { name?: string; key: string; optional?: boolean } | undefined,
  ) => (ref && !ref.optional ? [{ kind, name: ref.name ?? '', keys: [ref.key] }] : []);
  return [
    ...env.flatMap(({ valueFrom }) => [
      ...one('ConfigMap', valueFrom?.configMapKeyRef),
      ...one('Secret', valueFrom?.secretKeyRef),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...ofSource('ConfigMap', configMapRef),
      ...ofSource('Secret', secretRef),
    ]),
  ];
}

/** A port that a probe or a hook names has to be one of its container's. */
function probes(template: PodTemplate): readonly Broken[] {
  return containersOf(template).flatMap((container) => {
    const names = new Set((container.ports ?? []).map(({ name }) => name));
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const asked = [
      livenessProbe,
      readinessProbe,
      startupProbe,
      lifecycle?.preStop,
      lifecycle?.postStart,
    ].flatMap((handler) => [handler?.httpGet?.port, handler?.tcpSocket?.port]);
    return asked
      .filter((port) => typeof port === 'string' && !names.has(port))
      .map((port) => ({
        at: template.at,
        says: `a probe of ${container.name} asks the port ${port}, which it has not`,
      }));
  });
}

function bound(
  objects: readonly AnyObject[],
  binding: AnyObject & {
    roleRef: { kind: string; name: string };
    subjects?: readonly { kind: string; name: string }[];
  },
  available: Available,
): readonly Broken[] {
  const { roleRef, subjects = [] } = binding;
  const hasRole = objects.some((o) => o.kind === roleRef.kind && o.metadata.name === roleRef.name);
  const accounts = subjects.filter(({ kind }) => kind === 'ServiceAccount');
  return [
    ...(hasRole ? [] : [`there is no ${roleRef.kind} ${roleRef.name}`]),
    ...accounts.flatMap(({ name }) => missing(available, { kind: 'ServiceAccount', name, keys: [] })),
  ].map((says) => ({ at: placeOf(binding), says }));
}
