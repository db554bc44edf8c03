import { hasVolumes } from '../local/compose/marker.ts';
import { findTool } from '../local/compose/tool.ts';
import { credentialsOf } from '../local/credentials.ts';
import { nativeStack } from '../local/native-stack.ts';
import { observe } from '../local/observe.ts';
import { readRecord } from '../local/record.ts';
import { findRunning, notRunning, type RunningStack } from '../local/running.ts';
import { ProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { type OpenStack, openStack } from './stack.ts';
import { statusTable } from './status-table.ts';

export interface StatusArguments {
  readonly dir: string;
  readonly json: boolean;
}

/** What every node says of itself. Exit code 1 when the stack is not as it should be. */
export async function status(system: System, { dir, json }: StatusArguments): Promise<number> {
  const stack = openStack(system, dir);
  const { root, model } = stack;
  const { placed, kind } = await startedHere(system, stack, dir);
  const credentials = credentialsOf(system.files, root, 'admin', model);
  const observed = await observe({ model: placed, credentials });
  const { nodes, missing } = observed;
  const ready = missing.length === 0;
  const topology = model.spec.topology.kind;
  if (json) system.out(`${JSON.stringify({ topology, way: kind, ready, nodes, missing }, null, 2)}\n`);
  else system.out(`${statusTable(nodes)}\n${ready ? '' : `\nNot ready until ${missing.join('; ')}.\n`}`);
  return ready ? 0 : 1;
}

/** The stack that runs, or the native one whose processes have all ended. */
async function startedHere(
  system: System,
  { root, model }: OpenStack,
  dir: string,
): Promise<Pick<RunningStack, 'placed' | 'kind'>> {
  const running = await findRunning(system, root, model);
  if (running) return running;
  if (readRecord(system.files, root)) return nativeStack(system, root, model);
  const tool = hasVolumes(system.files, root) ? await findTool(system.env) : undefined;
  if (tool && !tool.ok) throw new ProblemError(...tool.problems);
  throw new ProblemError(notRunning(dir));
}
