import type { StackModel } from '../../model/types.ts';
import { expectValue } from '../../problem.ts';
import type { System } from '../../system.ts';
import { compose, projectOf } from '../compose/project.ts';
import { findTool } from '../compose/tool.ts';
import { upNative } from '../native.ts';
import type { RunningStack } from '../running.ts';
import { downNative } from '../stop.ts';

export interface Recreated {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
  readonly kind: RunningStack['kind'];
  readonly timeoutSeconds: number;
}

/** Ends every node and begins it anew with its data; `givingBack` is called when they begin to come back. */
export async function recreate(of: Recreated, givingBack: () => void): Promise<void> {
  return of.kind === 'compose' ? recreateContainers(of, givingBack) : restartProcesses(of, givingBack);
}

/** Compose ends and replaces each container by itself, so they come back from the first moment on. */
async function recreateContainers({ system, root, model }: Recreated, givingBack: () => void): Promise<void> {
  const project = projectOf(system, root, model, expectValue(await findTool(system.env)));
  givingBack();
  await compose(project, ['up', '--detach', '--force-recreate']);
}

async function restartProcesses(of: Recreated, givingBack: () => void): Promise<void> {
  const { system, root, model, timeoutSeconds } = of;
  const { stillRunning } = (await downNative(system, root, model, false)) ?? { stillRunning: [] };
  if (stillRunning.length > 0) throw new Error(`${stillRunning.join(', ')} did not end in time`);
  givingBack();
  await upNative(system, root, model, { timeoutSeconds, onProgress: () => undefined });
}
