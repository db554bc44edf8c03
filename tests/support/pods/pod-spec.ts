import { type ContainerSpec, readContainer } from './container-spec.ts';
import { type Fields, ManifestError } from './fields.ts';
import { type Labels, readPodMetadata } from './metadata.ts';
import { type PodSecurity, readPodSecurity } from './security-spec.ts';
import { readVolume, type VolumeSpec } from './volume-spec.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** A pod as a kubelet gets it. Grace in seconds. */
export interface PodSpec {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly inits: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes: readonly VolumeSpec[];
  readonly security: PodSecurity;
  readonly restartPolicy: RestartPolicy;
  readonly grace: number;
  readonly serviceLinks: boolean;
  readonly hostname: string | undefined;
  readonly subdomain: string | undefined;
  readonly serviceAccount: string;
}

/** A pod template; `claims` are names that volumeClaimTemplates add as volumes. */
export function readTemplate(template: Fields, claims: readonly string[] = []): PodSpec {
  const { labels, annotations } = template.need('metadata', readPodMetadata);
  return readPodSpec(template, { labels, annotations }, claims);
}

export function readPodSpec(
  owner: Fields,
  metadata: Pick<PodSpec, 'labels' | 'annotations'>,
  claims: readonly string[] = [],
): PodSpec {
  return owner.need('spec', (spec) => {
    passScheduling(spec);
    refuseHost(spec);
    const pod: PodSpec = {
      ...metadata,
      inits: spec.list('initContainers', readContainer),
      containers: spec.list('containers', readContainer),
      volumes: [
        ...spec.list('volumes', readVolume),
        ...claims.map((name) => ({ kind: 'claim', name, claim: name }) as const),
      ],
      security: readPodSecurity(spec),
      restartPolicy: spec.oneOf('restartPolicy', ['Always', 'OnFailure', 'Never'], 'Always'),
      grace: spec.number('terminationGracePeriodSeconds', 30),
      serviceLinks: spec.flag('enableServiceLinks', true),
      hostname: spec.maybeText('hostname'),
      subdomain: spec.maybeText('subdomain'),
      serviceAccount: spec.text('serviceAccountName', 'default'),
    };
    check(pod, spec.at);
    return pod;
  });
}

function passScheduling(spec: Fields): void {
  const oneNode = 'there is one node, and every pod fits on it';
  for (const key of ['affinity', 'nodeSelector', 'tolerations', 'topologySpreadConstraints', 'schedulerName'])
    spec.pass(key, oneNode);
  for (const key of ['priorityClassName', 'runtimeClassName', 'preemptionPolicy']) spec.pass(key, oneNode);
  spec.pass('imagePullSecrets', 'images are those of this machine');
}

function refuseHost(spec: Fields): void {
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace']) spec.only(key, false);
  spec.only('dnsPolicy', 'ClusterFirst');
  // There is no API server, so nothing may lean on a token for it.
  if (spec.flag('automountServiceAccountToken', true))
    spec.fail('automountServiceAccountToken', 'it must be false: there is no API server here');
}

function check(pod: PodSpec, at: string): void {
  const all = [...pod.inits, ...pod.containers];
  if (pod.containers.length === 0) throw new ManifestError(at, 'a pod has at least one container');
  const volumes = new Set(pod.volumes.map(({ name }) => name));
  if (volumes.size < pod.volumes.length) throw new ManifestError(at, 'two volumes have the same name');
  if (new Set(all.map(({ name }) => name)).size < all.length)
    throw new ManifestError(at, 'two containers have the same name');
  for (const { name, mounts } of all) {
    const lost = mounts.find(({ volume }) => !volumes.has(volume));
    if (lost) throw new ManifestError(`${at}, container ${name}`, `there is no volume '${lost.volume}'`);
    if (new Set(mounts.map(({ path }) => path)).size < mounts.length)
      throw new ManifestError(`${at}, container ${name}`, 'two volumes are mounted at one path');
  }
  const late = pod.inits.find(
    ({ startup, liveness, readiness, preStop }) => startup ?? liveness ?? readiness ?? preStop,
  );
  if (late)
    throw new ManifestError(`${at}, container ${late.name}`, 'an init container has no probes and no hooks');
  checkRoot(pod, at);
}

function checkRoot(pod: PodSpec, at: string): void {
  for (const { name, security } of [...pod.inits, ...pod.containers]) {
    const mustNot = security.nonRoot ?? pod.security.nonRoot ?? false;
    // Without a user it is the image's own, which is root in most.
    if (mustNot && !(security.user ?? pod.security.user))
      throw new ManifestError(`${at}, container ${name}`, 'runAsNonRoot asks for a runAsUser that is not 0');
  }
}
