import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Make } from './controllers.ts';
import type { Pod } from './pod.ts';
import type { BarePodSpec, JobSpec } from './workload-spec.ts';

/** A Job, a hook or a test that ended badly; the message has what its containers said. */
export class FailedRun extends Error {
  readonly said: string;

  constructor(name: string, why: string, said: string) {
    super(`${name} ${why}:\n${said}`);
    this.name = 'FailedRun';
    this.said = said;
  }
}

const EVERY_MS = 100;
const FIRST_BACKOFF_MS = 10_000;
const LIMIT_MS = 180_000;

/** Runs a Job to its end, with as many attempts as it allows; gives what the last attempt said. */
export async function runJob(spec: JobSpec, make: Make): Promise<string> {
  const until = performance.now() + (spec.deadlineSeconds ?? LIMIT_MS / 1000) * 1000;
  const failures = { left: spec.backoffLimit };
  for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs *= 2) {
    const labels = {
      ...spec.template.labels,
      'job-name': spec.name,
      'batch.kubernetes.io/job-name': spec.name,
    };
    const name = `${spec.name}-${randomBytes(2).toString('hex')}`;
    const pod = make({ name, revision: spec.revision, spec: { ...spec.template, labels } });
    const end = await finish(pod, until, spec.backoffLimit);
    if (end.why === undefined) return end.said;
    if (failures.left-- <= 0 || performance.now() + backoffMs > until)
      throw new FailedRun(`Job ${spec.name}`, end.why, end.said);
    await sleep(backoffMs);
  }
}

/** Runs a pod that is to end by itself, such as a test of the chart. */
export async function runPod(spec: BarePodSpec, make: Make): Promise<string> {
  const pod = make({ name: spec.name, revision: '', spec: spec.template });
  const { why, said } = await finish(pod, performance.now() + LIMIT_MS, 0);
  if (why !== undefined) throw new FailedRun(`Pod ${spec.name}`, why, said);
  return said;
}

interface End {
  readonly why: string | undefined;
  readonly said: string;
}

/** Waits for a pod to end, and takes it away. */
async function finish(pod: Pod, until: number, mostRestarts: number): Promise<End> {
  let why: string | undefined = 'did not end in time';
  while (performance.now() < until) {
    if (pod.fault !== undefined) {
      why = `could not be run: ${String(pod.fault)}`;
      break;
    }
    const bad = pod.exitCodes?.find((code) => code !== 0);
    if (pod.exitCodes !== undefined) {
      why = bad === undefined ? undefined : `ended with ${bad}`;
      break;
    }
    if (pod.restarts > mostRestarts) {
      why = `failed ${pod.restarts} times: ${pod.describe()}`;
      break;
    }
    await sleep(EVERY_MS);
  }
  const said = (await Promise.all(pod.containers.map((one) => one.logs()))).join('\n');
  await pod.delete(0);
  return { why, said };
}
