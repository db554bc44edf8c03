import { onContainers, onPods, type Policy, when } from './types.ts';

/** What a pod may do to the machine it is on: as little as a server needs. */
export const CONFINEMENT: readonly Policy[] = [
  {
    id: 'not-root',
    why: 'a server that is taken over is root on the node when the container does not hold',
    check: onContainers(({ securityContext: own }, { spec: { securityContext: pod } }) => [
      ...when((own?.runAsNonRoot ?? pod?.runAsNonRoot) !== true, 'may run as root'),
      ...when((own?.runAsUser ?? pod?.runAsUser ?? 0) === 0, 'names no user other than root'),
      ...when((own?.runAsGroup ?? pod?.runAsGroup ?? 0) === 0, 'is in the group of root'),
    ]),
  },
  {
    id: 'volumes-readable',
    why: 'a volume belongs to root, and changing the owner of a large one takes minutes at every start',
    check: onPods(({ spec: { securityContext: pod } }) => [
      ...when(pod?.fsGroup === undefined, 'it has no fsGroup'),
      ...when(pod?.fsGroupChangePolicy !== 'OnRootMismatch', 'its fsGroupChangePolicy is not OnRootMismatch'),
    ]),
  },
  {
    id: 'read-only-root',
    why: 'what gets in can change programs',
    check: onContainers(({ securityContext: own }) =>
      when(own?.readOnlyRootFilesystem !== true, 'can write to its image'),
    ),
  },
  {
    id: 'no-capabilities',
    why: 'the runtime gives a container a dozen capabilities of root',
    check: onContainers(({ securityContext: own }) => [
      ...when(!own?.capabilities?.drop?.includes('ALL'), 'keeps capabilities'),
      ...when((own?.capabilities?.add ?? []).length > 0, 'adds capabilities'),
    ]),
  },
  {
    id: 'no-escalation',
    why: 'a program with the setuid bit makes its caller root',
    check: onContainers(({ securityContext: own }) => [
      ...when(own?.allowPrivilegeEscalation !== false, 'allows privilege escalation'),
      ...when(own?.privileged === true, 'is privileged'),
    ]),
  },
  {
    id: 'seccomp',
    why: 'without a profile all system calls of the kernel are open',
    check: onContainers(({ securityContext: own }, { spec: { securityContext: pod } }) => {
      const type = (own?.seccompProfile ?? pod?.seccompProfile)?.type;
      return when(type !== 'RuntimeDefault', 'has not the seccomp profile RuntimeDefault');
    }),
  },
  {
    id: 'no-token',
    why: 'nothing here speaks to the API server, and a token is something to steal',
    check: onPods(({ spec }) =>
      when(spec.automountServiceAccountToken !== false, 'it mounts a token of its service account'),
    ),
  },
  {
    id: 'no-host',
    why: 'it is then outside of what network policies and the container hold',
    check: onPods(({ spec }) => [
      ...when(
        spec.hostNetwork === true || spec.hostPID === true || spec.hostIPC === true,
        'it shares the host',
      ),
      ...when(
        (spec.volumes ?? []).some(({ hostPath }) => hostPath),
        'it mounts a folder of the host',
      ),
    ]),
  },
];
