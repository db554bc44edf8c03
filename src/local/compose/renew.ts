import type { StackNode } from '../../model/types.ts';
import { type Problem, warning } from '../../problem.ts';
import { credentialsOf } from '../credentials.ts';
import { observe } from '../observe.ts';
import { handOverIfPrimary } from '../step-down.ts';
import { type Container, compose, type Project } from './project.ts';
import { placedOnHost } from './stack.ts';
import { changedServices, staleNodes } from './stale.ts';
import { start, untilReady, type Waiting } from './steps.ts';

/**
 * Brings running nodes to what the files say where those have changed: one after the other, replicas first, each primary
 * after it has handed over, and only while the rest of the stack is healthy. Gives what was left undone, and why.
 */
export async function renew(waiting: Waiting, before: readonly Container[]): Promise<readonly Problem[]> {
  const { project, onProgress } = waiting;
  const running = before.filter((one) => one.state === 'running');
  const [changed, stale] = await Promise.all([
    changedServices(project, running),
    staleNodes(project, running),
  ]);
  if (changed.size + stale.size === 0) return [];
  const placed = placedOnHost(project.model);
  const credentials = credentialsOf(project.system.files, project.root, 'admin', project.model);
  const { nodes: rows } = await observe({ model: placed, credentials });
  const roles = new Map(rows.map((row) => [row.name, row.role]));
  const wanted = (['sentinel', 'replica', 'primary'] as const).flatMap((role) =>
    placed.nodes.filter(
      (node) => (changed.has(node.name) || stale.has(node.name)) && roles.get(node.name) === role,
    ),
  );
  const left = wanted.filter((node) => wouldBeEmptied(project, node));
  for (const node of wanted.filter((one) => !left.includes(one))) {
    onProgress(
      `${changed.has(node.name) ? 'making anew' : 'restarting'} ${node.name}: its files have changed`,
    );
    // Containers of an earlier compose.yaml do not hand over by themselves; those that do find it done.
    await handOverIfPrimary({ placed, credentials }, node);
    if (changed.has(node.name)) await start(project, [node.name]);
    else await compose(project, ['restart', '--no-deps', node.name]);
    await untilReady(waiting, project.model);
  }
  return left.map((node) => leftAsItIs(node.name));
}

/** A node that writes no files and has no replica would come back with nothing. */
function wouldBeEmptied({ model }: Project, node: StackNode): boolean {
  const siblings = model.nodes.filter((one) => one.shard === node.shard);
  return node.role !== 'sentinel' && !model.persistent && siblings.length === 1;
}

function leftAsItIs(name: string): Problem {
  return warning(
    'compose/left-as-it-is',
    name,
    'Its files have changed, but it keeps nothing over a restart and no replica has its data; it was not touched.',
    'When its data may go: `down`, then `up`.',
  );
}
