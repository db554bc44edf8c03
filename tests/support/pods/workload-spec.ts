import { createHash } from 'node:crypto';
import { type Fields, read } from './fields.ts';
import { type Labels, type Metadata, readLabels, readMetadata, readSelector } from './metadata.ts';
import { type PodSpec, readPodSpec, readTemplate } from './pod-spec.ts';

interface Workload extends Metadata {
  /** What an update may not change, as the API server would compare it. */
  readonly fixed: string;
  /** Changes with the template. */
  readonly revision: string;
  readonly template: PodSpec;
}

export interface StatefulSetSpec extends Workload {
  readonly kind: 'StatefulSet';
  readonly replicas: number;
  readonly selector: Labels;
  readonly serviceName: string;
  readonly parallel: boolean;
  readonly onDelete: boolean;
  /** Pods below this ordinal keep their old template. */
  readonly partition: number;
  readonly minReadySeconds: number;
  /** Names of the claims that each pod has, which become names of volumes. */
  readonly claims: readonly string[];
}

export interface DeploymentSpec extends Workload {
  readonly kind: 'Deployment';
  readonly replicas: number;
  readonly selector: Labels;
  readonly recreate: boolean;
}

export interface JobSpec extends Workload {
  readonly kind: 'Job';
  readonly backoffLimit: number;
  readonly deadlineSeconds: number | undefined;
}

export interface CronJobSpec extends Metadata {
  readonly kind: 'CronJob';
  readonly schedule: string;
  readonly suspended: boolean;
  readonly job: JobSpec;
}

export interface BarePodSpec extends Metadata {
  readonly kind: 'Pod';
  readonly template: PodSpec;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

export function readStatefulSet(object: Fields, namespace: string): StatefulSetSpec {
  const metadata = readMetadata(object, namespace);
  return object.need('spec', (spec) => {
    const claimTemplates = spec.any('volumeClaimTemplates') ?? [];
    const claims = readClaims(claimTemplates, `${spec.at}.volumeClaimTemplates`);
    const revision = hashOf(spec.textOf('template'));
    const template = spec.need('template', (t) => readTemplate(t, claims));
    const selector = readSelector(spec, template.labels);
    const serviceName = spec.text('serviceName', '');
    const policy = spec.oneOf('podManagementPolicy', ['OrderedReady', 'Parallel'], 'OrderedReady');
    spec.pass('revisionHistoryLimit', 'there is no rollback by the controller');
    spec.child('persistentVolumeClaimRetentionPolicy', (retention) => {
      retention.only('whenDeleted', 'Retain');
      retention.only('whenScaled', 'Retain');
    });
    if (template.restartPolicy !== 'Always') spec.fail('template', 'restartPolicy must be Always');
    return {
      kind: 'StatefulSet',
      ...metadata,
      revision,
      template,
      selector,
      serviceName,
      claims,
      replicas: spec.number('replicas', 1),
      parallel: policy === 'Parallel',
      minReadySeconds: spec.number('minReadySeconds', 0),
      fixed: JSON.stringify([selector, serviceName, policy, claimTemplates]),
      ...readStatefulStrategy(spec),
    };
  });
}

function readStatefulStrategy(spec: Fields): Pick<StatefulSetSpec, 'onDelete' | 'partition'> {
  return read(spec.any('updateStrategy') ?? {}, `${spec.at}.updateStrategy`, (strategy) => ({
    onDelete: strategy.oneOf('type', ['RollingUpdate', 'OnDelete'], 'RollingUpdate') === 'OnDelete',
    partition: strategy.child('rollingUpdate', (rolling) => rolling.number('partition', 0)) ?? 0,
  }));
}

function readClaims(templates: unknown, at: string): readonly string[] {
  return read({ templates }, at, (fields) =>
    fields.list('templates', (claim) => {
      claim.only('apiVersion', 'v1');
      claim.only('kind', 'PersistentVolumeClaim');
      claim.need('spec', readClaimSpec);
      return claim.need('metadata', (meta) => {
        readLabels(meta, 'labels');
        meta.pass('annotations', 'they speak to storage provisioners');
        return meta.text('name');
      });
    }),
  );
}

export function readClaimSpec(spec: Fields): void {
  spec.pass('storageClassName', 'every volume is one of Docker');
  spec.pass('resources', 'volumes have no size of their own here');
  spec.only('volumeMode', 'Filesystem');
  if (spec.texts('accessModes').length === 0) spec.fail('accessModes', 'a claim says how it is used');
}

export function readDeployment(object: Fields, namespace: string): DeploymentSpec {
  const metadata = readMetadata(object, namespace);
  return object.need('spec', (spec) => {
    const revision = hashOf(spec.textOf('template'));
    const template = spec.need('template', (t) => readTemplate(t));
    const selector = readSelector(spec, template.labels);
    for (const key of ['revisionHistoryLimit', 'progressDeadlineSeconds', 'minReadySeconds'])
      spec.pass(key, 'an upgrade waits as long as its test says');
    if (template.restartPolicy !== 'Always') spec.fail('template', 'restartPolicy must be Always');
    return {
      kind: 'Deployment',
      ...metadata,
      revision,
      template,
      selector,
      replicas: spec.number('replicas', 1),
      recreate: readsRecreate(spec),
      fixed: JSON.stringify(selector),
    };
  });
}

function readsRecreate(spec: Fields): boolean {
  return read(spec.any('strategy') ?? {}, `${spec.at}.strategy`, (strategy) => {
    strategy.pass('rollingUpdate', 'one pod more at a time, and none less');
    return strategy.oneOf('type', ['RollingUpdate', 'Recreate'], 'RollingUpdate') === 'Recreate';
  });
}

export function readJob(object: Fields, namespace: string): JobSpec {
  return jobOf(object, readMetadata(object, namespace));
}

function jobOf(owner: Fields, metadata: Metadata): JobSpec {
  return owner.need('spec', (spec) => {
    const text = spec.textOf('template');
    const template = spec.need('template', readJobTemplate);
    spec.pass('ttlSecondsAfterFinished', 'what ended goes with the namespace');
    spec.only('completions', 1);
    spec.only('parallelism', 1);
    if (template.restartPolicy === 'Always')
      spec.fail('template', 'restartPolicy must be OnFailure or Never');
    return {
      kind: 'Job',
      ...metadata,
      revision: hashOf(text),
      template,
      backoffLimit: spec.number('backoffLimit', 6),
      deadlineSeconds: spec.maybeNumber('activeDeadlineSeconds'),
      fixed: text,
    };
  });
}

/** The labels of the pods of a Job may be missing altogether. */
function readJobTemplate(template: Fields): PodSpec {
  if (template.has('metadata')) return readTemplate(template);
  return readPodSpec(template, { labels: {}, annotations: {} });
}

export function readCronJob(object: Fields, namespace: string): CronJobSpec {
  const metadata = readMetadata(object, namespace);
  return object.need('spec', (spec) => {
    for (const key of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit', 'startingDeadlineSeconds'])
      spec.pass(key, 'a test starts its Job itself');
    spec.pass('concurrencyPolicy', 'as above');
    spec.pass('timeZone', 'as above');
    const schedule = spec.text('schedule');
    if (schedule.trim().split(/\s+/).length !== 5) spec.fail('schedule', 'five fields are expected');
    return {
      kind: 'CronJob',
      ...metadata,
      schedule,
      suspended: spec.flag('suspend', false),
      job: spec.need('jobTemplate', (template) => {
        template.pass('metadata', 'labels of a Job, not of its pods');
        return jobOf(template, metadata);
      }),
    };
  });
}

export function readPod(object: Fields, namespace: string): BarePodSpec {
  const metadata = readMetadata(object, namespace);
  return { kind: 'Pod', ...metadata, template: readPodSpec(object, metadata) };
}
