import type { StackModel } from '../model/types.ts';
import { ProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';
import { credentialsOf } from './credentials.ts';
import { type NodeStatus, observe } from './observe.ts';
import { placeOnLoopback } from './place.ts';
import { isRunning, terminate } from './process.ts';
import { readRecord } from './record.ts';

export interface DownResult {
  readonly stopped: readonly string[];
  /** Nodes that did not end in time; they are left to finish. */
  readonly stillRunning: readonly string[];
  /** Containers that the engine killed after their grace period. */
  readonly killed: readonly string[];
}

/**
 * Ends the recorded processes and no others: Sentinels first so that nothing fails over, then replicas, then primaries,
 * which by then have every write.
 */
export async function downNative(
  system: System,
  root: string,
  model: StackModel,
  deleteData: boolean,
): Promise<DownResult | undefined> {
  const record = readRecord(system.files, root);
  if (!record) return undefined;
  const places = new Map(record.map((node) => [node.name, node]));
  const roles = await presentRoles(system, root, placeOnLoopback(model, places));
  const stopped: string[] = [];
  const stillRunning: string[] = [];
  for (const role of ['sentinel', 'replica', 'primary'] as const) {
    const group = record.filter((node) => (roles.get(node.name) ?? node.role) === role);
    await Promise.all(
      group.map(async (node) => {
        if (!(await isRunning(node))) return;
        const ended = await terminate(node, model.stopGraceSeconds * 1000);
        (ended ? stopped : stillRunning).push(node.name);
      }),
    );
  }
  if (deleteData && stillRunning.length === 0) system.files.remove(inside(root, RUN));
  return { stopped: stopped.sort(), stillRunning: stillRunning.sort(), killed: [] };
}

/**
 * Roles move with failovers, so they are asked for. A node that does not answer is not among them, and none is when the
 * password is lost: a stack must be able to stop all the same.
 */
export async function presentRoles(
  system: System,
  root: string,
  placed: StackModel,
): Promise<ReadonlyMap<string, NodeStatus['role']>> {
  try {
    const credentials = credentialsOf(system.files, root, 'admin', placed);
    const { nodes } = await observe({ model: placed, credentials });
    return new Map(
      nodes.filter((node) => node.state !== 'unreachable').map((node) => [node.name, node.role]),
    );
  } catch (error) {
    if (error instanceof ProblemError) return new Map();
    throw error;
  }
}
