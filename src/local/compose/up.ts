import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import type { UpOptions, UpResult } from '../native.ts';
import { tail } from './logs.ts';
import { noteStarted } from './marker.ts';
import { startOptional, startOthers } from './optional.ts';
import { preflight } from './preflight.ts';
import {
  compose,
  composeCommand,
  containers,
  dockerCommand,
  type Project,
  say,
  services,
} from './project.ts';
import { renew } from './renew.ts';
import { placedOnHost } from './stack.ts';
import { aliveCheck, start, untilReady, type Waiting } from './steps.ts';

/** The service that joins the nodes of a cluster and stays to heal. */
export const JOIN = 'form-cluster';

/**
 * Starts what does not run of the stack in containers, joins it, and waits until it is truly ready as seen from this
 * machine. Optional services come last, and what fails of them is a warning.
 */
export async function upCompose(project: Project, options: UpOptions): Promise<UpResult> {
  const { model, root, system } = project;
  const all = await services(project);
  const before = await containers(project);
  await preflight(project, all, before);
  noteStarted(system.files, root);
  const waiting: Waiting = { ...options, project };
  const states = new Map(before.map((one) => [one.service, one.state]));
  const inState = (state: string) => model.nodes.filter((node) => states.get(node.name) === state);
  const frozen = inState('paused').map((node) => node.name);
  if (frozen.length > 0) await compose(project, ['unpause', ...frozen]);
  const awake = new Set([...inState('running'), ...inState('paused')]);
  const idle = model.nodes.filter((node) => !awake.has(node)).map((node) => node.name);
  if (idle.length > 0)
    options.onProgress(
      (await isHere(project)) ? `starting ${idle.length} nodes` : `pulling ${model.engine.image}`,
    );
  // Only what does not run: Compose would stop every node at once whose service has changed. `renew` goes one by one.
  if (idle.length > 0) await start(project, idle);
  const joiner = all.find((one) => one.name === JOIN);
  if (model.joins && joiner) await join(waiting, joiner.check);
  const observed = await untilReady(waiting, model);
  const warnings = [
    ...(await renew(waiting, before)),
    ...(await startOthers(project, all, JOIN)),
    ...(await startOptional(project, all, options)),
  ];
  return { placed: placedOnHost(model), observed, started: idle.length, warnings };
}

/** True where the image need not be pulled, or where nobody can tell. */
async function isHere(project: Project): Promise<boolean> {
  if (!project.tool.hasDocker) return true;
  const words = ['image', 'inspect', project.model.engine.image];
  return (await say(dockerCommand(project, words), 10_000)).code === 0;
}

/**
 * Joins the nodes with the script of the containers; on a cluster that exists it only heals. It is done when it has
 * ended well, or when it stays to heal and its own check is content.
 */
async function join(
  { project, onProgress, timeoutSeconds }: Waiting,
  check: readonly string[],
): Promise<void> {
  onProgress('joining the nodes');
  await start(project, [JOIN]);
  const end = Date.now() + timeoutSeconds * 1000;
  const expectAlive = aliveCheck(project, project.model);
  while (!(await isJoined(project, check))) {
    await expectAlive();
    if (Date.now() > end) {
      const late = problem(
        'compose/not-joined',
        'the cluster',
        `The nodes are not joined after ${timeoutSeconds} s. The end of the log of ${JOIN}:`,
        'Look at `status` and `docker compose logs`, then run `up` again.',
      );
      throw new ProblemError({ ...late, detail: await tail(project, JOIN) });
    }
    await sleep(200);
  }
}

async function isJoined(project: Project, check: readonly string[]): Promise<boolean> {
  const joiner = (await containers(project)).find((one) => one.service === JOIN);
  if (joiner?.state === 'exited') return joiner.exitCode === 0;
  if (joiner?.state !== 'running' || check.length === 0) return false;
  return (await say(composeCommand(project, ['exec', '-T', JOIN, ...check]), 10_000)).code === 0;
}
