import type { StackModel } from '../../model/types.ts';
import { ProblemError, problem } from '../../problem.ts';
import { credentialsOf } from '../credentials.ts';
import type { UpOptions } from '../native.ts';
import type { Observed } from '../observe.ts';
import { waitUntilReady } from '../wait.ts';
import { nodeEnded, tail } from './logs.ts';
import { type Container, composeCommand, containers, type Project, say, services } from './project.ts';
import { refusal } from './refusals.ts';
import { placedOnHost } from './stack.ts';

export interface Waiting extends UpOptions {
  readonly project: Project;
}

/**
 * Starts services by name, and nothing that they depend on; their order is decided here. During a migration containers of
 * the other stack are beside them, which COMPOSE_REMOVE_ORPHANS would remove.
 */
export async function start(project: Project, words: readonly string[]): Promise<void> {
  const command = composeCommand(project, [
    'up',
    '--detach',
    '--no-deps',
    '--remove-orphans=false',
    ...words,
  ]);
  const { code, stderr } = await say(command);
  if (code === 0) return;
  const images = (await services(project)).map((one) => one.image);
  throw new ProblemError(refusal(project, stderr, [...new Set(images)]));
}

/** Waits for these nodes of the stack. */
export function untilReady(
  { project, timeoutSeconds, onProgress }: Waiting,
  model: StackModel,
): Promise<Observed> {
  const { system, root } = project;
  return waitUntilReady({
    model: placedOnHost(model),
    credentials: credentialsOf(system.files, root, 'admin', model),
    timeoutSeconds,
    onProgress,
    expectAlive: aliveCheck(project, model),
    tooLate: async (missing) => {
      const late = problem(
        'compose/not-ready',
        'the stack',
        `After ${timeoutSeconds} s it still waits until ${missing.join('; ')}.`,
        'Look at `status` and `docker compose logs`, or give --timeout more seconds.',
      );
      const suspect = model.nodes.find((node) => missing.some((one) => one.startsWith(`${node.name} `)));
      return new ProblemError(suspect ? { ...late, detail: await tail(project, suspect.name) } : late);
    },
  });
}

/** A check that rejects when a node of the model has ended or does not stay up. */
export function aliveCheck(project: Project, { nodes }: Pick<StackModel, 'nodes'>): () => Promise<void> {
  const names = new Set(nodes.map((node) => node.name));
  const restarts = new Map<string, number>();
  return async () => {
    const own = (await containers(project)).filter((one) => names.has(one.service));
    const lost = own.find((one) => hasEnded(one, restarts));
    if (lost) throw new ProblemError(await nodeEnded(project, lost));
  };
}

/** A container may restart once; one that is seen waiting for its next start again and again does not stay up. */
function hasEnded({ service, state }: Container, restarts: Map<string, number>): boolean {
  if (state !== 'restarting') return state === 'exited' || state === 'dead';
  const seen = (restarts.get(service) ?? 0) + 1;
  restarts.set(service, seen);
  return seen > 3;
}
