import { downNative } from '../local/stop.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { openStack } from './stack.ts';

export interface DownArguments {
  readonly dir: string;
  readonly deleteData: boolean;
  readonly json: boolean;
}

/** Stops what `up` started. Exit code 1 when a node did not end in time. */
export async function down(system: System, args: DownArguments): Promise<number> {
  const { root, model } = openStack(system, args.dir);
  const stopped = await withProgress(system, args.json, (show) => {
    show('stopping, with time to save');
    return downNative(system, root, model, args.deleteData);
  });
  const result = stopped ?? {
    stopped: [],
    stillRunning: [],
  };
  if (args.json) system.out(`${JSON.stringify(result, null, 2)}\n`);
  else system.out(`${describe(result.stopped, result.stillRunning, args.deleteData)}\n`);
  return result.stillRunning.length === 0 ? 0 : 1;
}

function describe(stopped: readonly string[], stillRunning: readonly string[], deleted: boolean): string {
  if (stillRunning.length > 0)
    return `Still running after their grace period: ${stillRunning.join(', ')}. Look at their logs; nothing was killed.`;
  if (stopped.length === 0)
    return deleted ? 'Nothing was running. The data is deleted.' : 'Nothing was running.';
  return `Stopped ${stopped.join(', ')}. ${deleted ? 'The data is deleted.' : 'The data stays in .redis-stack/run/.'}`;
}
