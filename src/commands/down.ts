import { hasVolumes } from '../local/compose/marker.ts';
import { projectOf } from '../local/compose/project.ts';
import { findTool } from '../local/compose/tool.ts';
import { readRecord } from '../local/record.ts';
import { type DownResult, downNative } from '../local/stop.ts';
import { ProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { expectNoMigration, type OpenStack, openStack } from './stack.ts';

export interface DownArguments {
  readonly dir: string;
  readonly deleteData: boolean;
  readonly json: boolean;
}

const NOTHING: DownResult = { stopped: [], stillRunning: [], killed: [] };

/** Stops what `up` started. Exit code 1 when a node did not end in time. */
export async function down(system: System, args: DownArguments): Promise<number> {
  const stack = openStack(system, args.dir);
  if (args.deleteData) expectNoMigration(system, stack.root, args.dir);
  const [native, compose] = await withProgress(system, args.json, async (show) => {
    show('stopping, with time to save');
    return [
      await downNative(system, stack.root, stack.model, args.deleteData),
      await inCompose(system, stack, args),
    ];
  });
  const result = merge(native ?? NOTHING, compose ?? NOTHING);
  const places = placesOf(native, compose);
  if (args.json) system.out(`${JSON.stringify(result, null, 2)}\n`);
  else system.out(`${describe(result, args.deleteData, places)}\n`);
  return result.stillRunning.length + result.killed.length === 0 ? 0 : 1;
}

/** Where no engine can be asked there is nothing to stop, unless the stack was started in it. */
async function inCompose(
  system: System,
  { root, model }: OpenStack,
  { deleteData }: DownArguments,
): Promise<DownResult | undefined> {
  const mustBe = hasVolumes(system.files, root);
  if (!model.spec.targets.includes('compose') && !mustBe) return undefined;
  if (!mustBe && readRecord(system.files, root)) return undefined;
  const tool = await findTool(system.env);
  if (!tool.ok && mustBe) throw new ProblemError(...tool.problems);
  if (!tool.ok) return undefined;
  const { downCompose } = await import('../local/compose/down.ts');
  return downCompose(projectOf(system, root, model, tool.value), deleteData);
}

function merge(a: DownResult, b: DownResult): DownResult {
  return {
    stopped: [...a.stopped, ...b.stopped],
    stillRunning: [...a.stillRunning, ...b.stillRunning],
    killed: [...a.killed, ...b.killed],
  };
}

function placesOf(native: DownResult | undefined, compose: DownResult | undefined): string {
  const places = [...(native ? ['.redis-stack/run/'] : []), ...(compose ? ['Docker volumes'] : [])];
  return places.join(' and ');
}

function describe({ stopped, stillRunning, killed }: DownResult, deleted: boolean, places: string): string {
  const gone = places === '' ? 'The data is deleted.' : `The data in ${places} is deleted.`;
  if (stillRunning.length > 0)
    return `Still running after their grace period: ${stillRunning.join(', ')}. Look at their logs; nothing was killed.`;
  if (stopped.length === 0) return deleted ? `Nothing was running. ${gone}` : 'Nothing was running.';
  const hard =
    killed.length === 0
      ? ''
      : ` ${killed.join(', ')} did not end in the grace period and was killed by the engine.`;
  return `Stopped ${stopped.join(', ')}.${hard} ${deleted ? gone : `The data stays in ${places}.`}`;
}
