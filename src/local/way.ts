import type { StackModel } from '../model/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { hasVolumes } from './compose/marker.ts';
import { type Project, projectOf } from './compose/project.ts';
import { isUp } from './compose/stack.ts';
import { findTool } from './compose/tool.ts';
import { findNative } from './native-stack.ts';
import { readRecord } from './record.ts';

export type Kind = 'native' | 'compose';

/** How a stack is run here, and why, in a few words. */
export type Way =
  | { readonly kind: 'native'; readonly why: string }
  | { readonly kind: 'compose'; readonly why: string; readonly project: Project };

interface Stack {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
}

/**
 * What runs goes on as it runs; what is asked for comes next; then where the data is; then Compose where an engine
 * answers, and plain processes otherwise.
 */
export async function chooseWay(stack: Stack, forced: Kind | undefined): Promise<Way> {
  const { system, root, model } = stack;
  if (await findNative(system, root, model))
    return goOn('native', forced) ?? native('it runs natively already');
  const compose = await tryCompose(stack);
  if ('project' in compose && (await isUp(compose.project)))
    return goOn('compose', forced) ?? { ...compose, why: 'it runs in Compose already' };
  if (forced === 'native') return native('as asked');
  if (forced === 'compose') return asked(compose);
  if (readRecord(system.files, root)) return native('its data is in .redis-stack/run/');
  if ('project' in compose) return compose;
  if (hasVolumes(system.files, root)) throw new ProblemError(dataElsewhere(compose.problem));
  return native(
    compose.problem.message.replace(/\.$/, '').replace(/^[A-Z](?![A-Z])/, (c) => c.toLowerCase()),
  );
}

type Tried = Extract<Way, { kind: 'compose' }> | { readonly problem: Problem };

async function tryCompose({ system, root, model }: Stack): Promise<Tried> {
  if (!model.spec.targets.includes('compose')) return { problem: noTarget() };
  const tool = await findTool(system.env);
  if (!tool.ok) return { problem: tool.problems[0] ?? noTarget() };
  return {
    kind: 'compose',
    why: 'a Docker engine answers',
    project: projectOf(system, root, model, tool.value),
  };
}

const native = (why: string): Way => ({ kind: 'native', why });

function asked(compose: Tried): Way {
  if ('project' in compose) return { ...compose, why: 'as asked' };
  throw new ProblemError(compose.problem);
}

/** Both at once would be two stacks with one name. */
function goOn(present: Kind, forced: Kind | undefined): undefined {
  if (forced === undefined || forced === present) return undefined;
  throw new ProblemError(
    problem(
      'local/runs-otherwise',
      `--${forced}`,
      `The stack runs ${present === 'native' ? 'as plain processes' : 'in Compose'} already.`,
      'Run `down` first. The data of the one is not that of the other.',
    ),
  );
}

function noTarget(): Problem {
  return problem(
    'compose/no-target',
    'targets',
    'This stack has no compose.yaml.',
    'Add it: create-redis-stack update --set targets=compose,…, or run `up --native`.',
  );
}

function dataElsewhere(why: Problem): Problem {
  const elsewhere = problem(
    'compose/data-in-volumes',
    'up',
    'The data of this stack is in Docker volumes, and Docker cannot be used now. Plain processes would begin with nothing.',
    'Make Docker answer, or add --native to begin with empty nodes.',
  );
  return { ...elsewhere, detail: [why.message, ...(why.detail ?? [])] };
}
