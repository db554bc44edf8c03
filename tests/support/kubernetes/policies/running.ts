import type { IContainer } from 'kubernetes-models/v1/Container';
import { ofKind, placeOf } from '../objects.ts';
import { onContainers, onPods, type Policy, when } from './types.ts';

/** A stop after the handover: replicas catch up (shutdown-timeout, 10 s), then a last save. */
const AFTER_HANDOVER_SECONDS = 15;
const SHORTEST_PATIENCE_SECONDS = 30;
const LASTING = ['StatefulSet', 'Deployment', 'DaemonSet'];

/** How a pod lives and ends: memory, probes, stops, roll-outs. */
export const RUNNING: readonly Policy[] = [
  {
    id: 'memory-is-fixed',
    why: 'a pod that asked for less than it takes is the first to be evicted',
    check: onContainers(({ resources }) => {
      const { requests, limits } = resources ?? {};
      return when(
        limits?.memory === undefined || requests?.memory !== limits.memory,
        'asks for other memory than its limit',
      );
    }),
  },
  {
    id: 'memory-folders-are-small',
    why: 'a folder in memory counts as memory of the pod, without an end unless it is given one',
    check: onPods(({ spec }) =>
      (spec.volumes ?? []).flatMap(({ name, emptyDir }) =>
        when(
          emptyDir?.medium === 'Memory' && emptyDir.sizeLimit === undefined,
          `its volume ${name} has no size`,
        ),
      ),
    ),
  },
  {
    id: 'no-cpu-limit',
    why: 'a throttled fork or handshake looks like a failed server',
    check: onContainers(({ resources }) => [
      ...when(resources?.limits?.cpu !== undefined, 'has a CPU limit'),
      ...when(resources?.requests?.cpu === undefined, 'asks for no CPU'),
    ]),
  },
  {
    id: 'probes',
    why: 'a hung server stays in the Service, and one that loads for long is killed',
    check: onPods(({ owner, spec }) =>
      LASTING.includes(owner.kind)
        ? [
            ...spec.containers.flatMap(probesOf),
            ...when(
              !spec.containers.some(({ readinessProbe }) => readinessProbe),
              'it is never asked whether it is ready',
            ),
            ...when(
              owner.kind === 'StatefulSet' && !hasAll(spec.containers),
              'none of its containers has all three probes',
            ),
          ]
        : [],
    ),
  },
  {
    id: 'patient-liveness',
    why: 'a server that saves, forks or loads may be slow for some seconds; killing it makes an outage of that',
    check: onContainers(({ livenessProbe: probe }) => {
      if (!probe) return [];
      const seconds = (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3);
      return when(seconds < SHORTEST_PATIENCE_SECONDS, `is killed after ${seconds} s`);
    }),
  },
  {
    id: 'grace',
    why: 'a server that is killed in its handover loses writes that it acknowledged',
    check: onPods(({ owner, spec }) => {
      const grace = spec.terminationGracePeriodSeconds;
      if (owner.kind !== 'StatefulSet') return [];
      if (grace === undefined) return ['it says not how long a stop may take'];
      const needed = Math.max(...spec.containers.map(handoverSeconds)) + AFTER_HANDOVER_SECONDS;
      return when(
        needed > AFTER_HANDOVER_SECONDS && grace < needed,
        `its stop takes ${needed} s and gets ${grace} s`,
      );
    }),
  },
  {
    id: 'roll-outs',
    why: 'pods that wait for each other in their order never form a cluster, and a quick roll-out ends all copies at once',
    check: ({ objects }) =>
      ofKind(objects, 'StatefulSet').flatMap((set) => {
        const { podManagementPolicy, updateStrategy, minReadySeconds = 0 } = set.spec ?? {};
        return [
          ...when(podManagementPolicy !== 'Parallel', 'its pods wait for each other'),
          ...when(updateStrategy?.type !== 'RollingUpdate', 'its pods are not replaced one by one'),
          ...when(minReadySeconds < 5, 'the next pod is replaced at once'),
        ].map((says) => ({ at: placeOf(set), says }));
      }),
  },
  {
    id: 'jobs-end',
    why: 'a job that hangs blocks the next one, and one that is tried forever hides its failure',
    check: ({ objects }) => {
      const jobs = [
        ...ofKind(objects, 'Job').map((o) => ({ o, spec: o.spec })),
        ...ofKind(objects, 'CronJob').map((o) => ({ o, spec: o.spec?.jobTemplate.spec })),
      ];
      return [
        ...jobs.flatMap(({ o, spec }) =>
          [
            ...when(spec?.activeDeadlineSeconds === undefined, 'it may run for ever'),
            ...when(spec?.backoffLimit === undefined, 'it does not say how often it is tried'),
          ].map((says) => ({ at: placeOf(o), says })),
        ),
        ...ofKind(objects, 'CronJob')
          .filter((o) => o.spec?.concurrencyPolicy !== 'Forbid')
          .map((o) => ({ at: placeOf(o), says: 'two of its runs may overlap' })),
      ];
    },
  },
];

function probesOf(container: IContainer): readonly string[] {
  const { name, livenessProbe, readinessProbe, startupProbe } = container;
  const probes = [livenessProbe, readinessProbe, startupProbe].filter((probe) => probe !== undefined);
  return [
    ...when(probes.length === 0, `${name} has no probe`),
    ...when(
      probes.some(({ timeoutSeconds = 1 }) => timeoutSeconds < 2),
      `${name} has a probe without a timeout, which is one second`,
    ),
  ];
}

const hasAll = (containers: readonly IContainer[]) =>
  containers.some((one) => one.livenessProbe && one.readinessProbe && one.startupProbe);

const handoverSeconds = ({ env = [] }: IContainer) =>
  Number(env.find(({ name }) => name === 'STACK_HANDOVER_SECONDS')?.value ?? 0);
