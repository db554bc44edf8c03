import type { StackModel } from '../model/types.ts';
import type { System } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';
import { credentialsOf } from './credentials.ts';
import { observe } from './observe.ts';
import { placeOnLoopback } from './place.ts';
import { isRunning, terminate } from './process.ts';
import { type RunningNode, readRecord } from './record.ts';

export interface DownResult {
  readonly stopped: readonly string[];
  /** Nodes that did not end in time; they are left to finish. */
  readonly stillRunning: readonly string[];
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
  const roles = await presentRoles(system, root, model, record);
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
  return { stopped: stopped.sort(), stillRunning: stillRunning.sort() };
}

/** Roles move with failovers, so they are asked for; a node that does not answer keeps the one it started with. */
async function presentRoles(system: System, root: string, model: StackModel, record: readonly RunningNode[]) {
  const places = new Map(record.map((node) => [node.name, node]));
  const { nodes } = await observe({
    model: placeOnLoopback(model, places),
    credentials: credentialsOf(system.files, root, 'admin'),
  });
  return new Map(nodes.filter((node) => node.state !== 'unreachable').map((node) => [node.name, node.role]));
}
