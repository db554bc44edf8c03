import type { StackModel } from '../../model/types.ts';
import { expectValue } from '../../problem.ts';
import type { System } from '../../system.ts';
import { projectOf } from '../compose/project.ts';
import { composeStack } from '../compose/stack.ts';
import { findTool } from '../compose/tool.ts';
import { nativeStack } from '../native-stack.ts';
import type { RunningStack } from '../running.ts';
import { forgetJournal, type Harm, leftBehind } from './journal.ts';
import { type DrillStack, withNetwork } from './network.ts';

/** Undoes what was done: joins, thaws and starts. Gives the names of the nodes. */
export async function mend(stack: DrillStack, harms: readonly Harm[]): Promise<readonly string[]> {
  const harmed = (how?: Harm['how']) =>
    stack.placed.nodes.filter(({ name }) =>
      harms.some((harm) => harm.node === name && (how === undefined || harm.how === how)),
    );
  for (const node of harmed('cut off')) await stack.network?.join(node);
  // Before those that were stopped, for they may need it to start. One that ended meanwhile cannot be thawed.
  for (const node of harmed('frozen')) await stack.thaw(node).catch(() => undefined);
  for (const node of harmed()) await stack.start(node);
  return harmed().map(({ name }) => name);
}

/** Undoes what a drill that was killed has left behind, also where no node of the stack runs any more. */
export async function mendLeftovers(
  system: System,
  root: string,
  model: StackModel,
): Promise<readonly string[]> {
  const left = await leftBehind(system.files, root);
  if (left === undefined) return [];
  const stack = await stackOf(left.kind, system, root, model);
  const mended = await mend(await withNetwork(system, root, model, stack), left.harms);
  forgetJournal(system.files, root);
  return mended;
}

async function stackOf(
  kind: RunningStack['kind'],
  system: System,
  root: string,
  model: StackModel,
): Promise<RunningStack> {
  if (kind === 'native') return nativeStack(system, root, model);
  return composeStack(projectOf(system, root, model, expectValue(await findTool(system.env))));
}
