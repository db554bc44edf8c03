import { basename } from 'node:path';
import { notRunning } from '../local/running.ts';
import { readRunningSpec } from '../local/started.ts';
import { readJournal } from '../migrate/journal.ts';
import { runsAs } from '../migrate/ready-made.ts';
import { routeObstacles, routeOf } from '../migrate/route.ts';
import { buildModel } from '../model/build.ts';
import { readApplied } from '../pipeline.ts';
import { ProblemError } from '../problem.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { continueMigration } from './migrate-again.ts';
import { expectNoConflict, planFiles } from './migrate-files.ts';
import { migrateFrom } from './migrate-from.ts';
import { lookBefore } from './migrate-look.ts';
import { agreed, carryOut, type MigrateArguments } from './migrate-run.ts';
import type { Words } from './migrate-words.ts';
import { newSpec } from './new-spec.ts';
import { printNotes } from './report.ts';
import { expectNoMigration, openStack } from './stack.ts';

/** Carries the live data of the running stack to the one in the spec. Exit code 1 where it stopped on the way. */
export async function migrate(system: System, args: MigrateArguments): Promise<number> {
  const { root, spec: stored } = openStack(system, args.dir);
  const left = readJournal(system.files, root);
  if (args.resume || args.rollback) {
    return continueMigration(system, args, { root, stored, left });
  }
  expectNoMigration(system, root, args.dir);
  if (args.from !== undefined) {
    return migrateFrom(system, args, { root, stored });
  }
  return migrateHere(system, args, { root, stored });
}

interface Here {
  readonly root: string;
  readonly stored: StackSpec;
}

async function migrateHere(system: System, args: MigrateArguments, { root, stored }: Here): Promise<number> {
  const { spec, notes } = await newSpec(stored, args, basename(root));
  const before = buildModel(runningSpec(system, root, stored));
  const after = buildModel(spec);
  printNotes(system, notes, args.json);
  const kind = await runsAs(system, root, before);
  if (kind === undefined) throw new ProblemError(notRunning(args.dir));
  const route = routeOf(before, after);
  if (route === undefined) return nothingToDo(system, args);
  const obstacles = routeObstacles(before, after);
  if (obstacles.length > 0) throw new ProblemError(...obstacles);
  expectNoConflict((await planFiles(system, root, spec, stored)).plan);
  const look = await lookBefore(system, { root, before, after, kind });
  const words: Words = { before, after, kind, steps: route.steps, look };
  const code = await agreed(system, args, words);
  if (code !== undefined) return code;
  return carryOut(system, args, {
    steps: route.steps,
    task: { system, root, before, after, kind, from: undefined, source: undefined },
    stored,
  });
}

/** What runs here; before that was noted, what was written last. */
export function runningSpec(system: System, root: string, stored: StackSpec): StackSpec {
  return readRunningSpec(system.files, root) ?? readApplied(system.files, root)?.spec ?? stored;
}

function nothingToDo(system: System, { json }: MigrateArguments): number {
  const said =
    'The running stack has the nodes and the engine that redis-stack.yaml asks for: nothing has to move. Settings alone are for `update --live`.';
  system.out(json ? `${JSON.stringify({ event: 'done', outcome: 'nothing-to-do' })}\n` : `${said}\n`);
  return 0;
}
