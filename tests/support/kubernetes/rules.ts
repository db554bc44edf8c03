import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IProbe } from 'kubernetes-models/v1/Probe';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { type AnyObject, type Finding, ofKind, placeOf } from './objects.ts';
import { containersOf, type PodTemplate, podTemplates } from './pods.ts';

const JOBS = ['Job', 'CronJob'];
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const CRON = /^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|(\S+\s+){4}\S+)$/;

/** What the API server refuses although its schema lets it pass. */
export function ruleFindings(objects: readonly AnyObject[]): readonly Finding[] {
  const found = [
    ...podTemplates(objects).flatMap((template) =>
      ofPod(template).map((says) => ({ at: template.at, says })),
    ),
    ...ofKind(objects, 'CronJob')
      .filter(({ spec }) => !CRON.test(spec?.schedule ?? ''))
      .map((job) => ({ at: placeOf(job), says: `'${job.spec?.schedule}' is no schedule` })),
    ...claims(objects),
    ...ofKind(objects, 'Service')
      .filter(({ spec }) => (spec?.ports ?? []).length === 0 && spec?.clusterIP !== 'None')
      .map((service) => ({ at: placeOf(service), says: 'it has no port' })),
  ];
  return found.map((one) => ({ ...one, check: 'rule' }));
}

function claims(objects: readonly AnyObject[]): readonly Omit<Finding, 'check'>[] {
  const all = [
    ...ofKind(objects, 'PersistentVolumeClaim').map((claim) => ({ at: placeOf(claim), spec: claim.spec })),
    ...ofKind(objects, 'StatefulSet').flatMap((set) =>
      (set.spec?.volumeClaimTemplates ?? []).map(({ spec }) => ({ at: placeOf(set), spec })),
    ),
  ];
  return all.flatMap(({ at, spec }) => [
    ...((spec?.accessModes ?? []).length === 0 ? [{ at, says: 'a claim names no access mode' }] : []),
    ...(spec?.resources?.requests?.storage === undefined ? [{ at, says: 'a claim has no size' }] : []),
  ]);
}

function ofPod(template: PodTemplate): readonly string[] {
  const { owner, spec } = template;
  const ends = spec.restartPolicy === 'Never' || spec.restartPolicy === 'OnFailure';
  const mustEnd = JOBS.includes(owner.kind);
  return [
    ...(owner.kind !== 'Pod' && ends !== mustEnd
      ? [`its restartPolicy cannot be ${spec.restartPolicy}`]
      : []),
    ...(spec.volumes ?? []).flatMap(ofVolume),
    ...containersOf(template).flatMap(ofContainer),
  ];
}

/** A volume is its name and one source. */
function ofVolume(volume: IVolume): readonly string[] {
  const sources = Object.entries(volume).filter(([key, value]) => key !== 'name' && value !== undefined);
  return sources.length === 1 ? [] : [`its volume ${volume.name} has ${sources.length} sources`];
}

function ofContainer({
  name,
  env = [],
  livenessProbe,
  readinessProbe,
  startupProbe,
}: IContainer): readonly string[] {
  const probes = { livenessProbe, readinessProbe, startupProbe };
  return [
    ...env
      .filter(({ value, valueFrom }) => value !== undefined && valueFrom !== undefined)
      .map((one) => `the variable ${one.name} of ${name} has two values`),
    ...Object.entries(probes).flatMap(([kind, probe]) =>
      probe ? ofProbe(`the ${kind} of ${name}`, kind, probe) : [],
    ),
  ];
}

function ofProbe(what: string, kind: string, probe: IProbe): readonly string[] {
  const handlers = HANDLERS.filter((one) => probe[one] !== undefined);
  return [
    ...(handlers.length === 1 ? [] : [`${what} asks in ${handlers.length} ways`]),
    ...(kind !== 'readinessProbe' && (probe.successThreshold ?? 1) !== 1
      ? [`${what} wants several successes`]
      : []),
  ];
}
