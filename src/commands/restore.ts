import { drillSet } from '../backup/drill.ts';
import { setsFolder } from '../backup/make.ts';
import { type OnKeys, outlook, type Restored, type RestoreOptions, restoreSet } from '../backup/restore.ts';
import { scratchRunner } from '../backup/run-scratch.ts';
import { type BackupSet, chooseSet } from '../backup/sets.ts';
import { colors } from '../colors.ts';
import { credentialsOf } from '../local/credentials.ts';
import { findRunning, notRunning, type RunningStack } from '../local/running.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { confirmed } from './confirmed.ts';
import { withProgress } from './progress.ts';
import { drillReport, restoreReport } from './restore-words.ts';
import { expectNoMigration, type OpenStack, openStack } from './stack.ts';
import { untilInterrupted } from './until-interrupted.ts';

export interface RestoreArguments {
  readonly dir: string;
  readonly from: string;
  readonly add: boolean;
  readonly replace: boolean;
  readonly drill: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

const INTERRUPTED = 130;

/** Writes a backup into the running stack, or tries whether it could. Exit code 1 where something is not as it should be. */
export async function restore(system: System, args: RestoreArguments): Promise<number> {
  const stack = openStack(system, args.dir);
  expectNoMigration(system, stack.root, args.dir);
  expectOneWay(args);
  const set = chooseSet({
    files: system.files,
    cwd: system.cwd,
    folder: setsFolder(stack.root, system.cwd, undefined),
    stack: stack.model.spec.name,
    from: args.from,
  });
  const running = await findRunning(system, stack.root, stack.model);
  if (args.drill) return tryOut(system, args, { stack, set, running });
  if (!running) throw new ProblemError(notRunning(args.dir));
  return bringBack(system, args, { stack, set, running });
}

function expectOneWay({ add, replace, drill }: RestoreArguments): void {
  if ([add, replace, drill].filter(Boolean).length < 2) return;
  throw new ProblemError(
    problem(
      'restore/one-way',
      '--add, --replace, --drill',
      'These exclude each other.',
      'Give one of them, or none for a stack that is empty.',
    ),
  );
}

interface Work {
  readonly stack: OpenStack;
  readonly set: BackupSet;
  readonly running: RunningStack;
}

async function bringBack(system: System, args: RestoreArguments, work: Work): Promise<number> {
  const { stack, set, running } = work;
  const { root, model } = stack;
  const onKeys: OnKeys = args.replace ? 'replace' : args.add ? 'add' : 'refuse';
  const options: Omit<RestoreOptions, 'onProgress'> = {
    system,
    root,
    placed: running.placed,
    credentials: credentialsOf(system.files, root, 'admin', model),
    run: await scratchRunner(system, model, running.kind),
    set,
    onKeys,
  };
  if (args.replace && !(await mayReplace(system, args, options))) {
    system.out('Nothing was written.\n');
    return 0;
  }
  let restored: Restored | undefined;
  const stopped = await untilInterrupted((signal) =>
    withProgress(system, args.json, async (show) => {
      const onProgress = (text: string): void => {
        signal.throwIfAborted();
        show(text);
      };
      restored = await restoreSet({ ...options, onProgress });
    }),
  );
  if (stopped || !restored) {
    system.err('\nStopped. What was written stays; go on with --add.\n');
    return INTERRUPTED;
  }
  system.out(
    args.json ? `${JSON.stringify({ set: set.name, ...restored }, null, 2)}\n` : restoreReport(set, restored),
  );
  return restored.findings.length === 0 ? 0 : 1;
}

/** Whatever is wrong with the set or the stack is said before anybody is asked. */
async function mayReplace(
  system: System,
  args: RestoreArguments,
  options: Omit<RestoreOptions, 'onProgress'>,
): Promise<boolean> {
  const { problems, before } = await withProgress(system, args.json, (onProgress) =>
    outlook({ ...options, onProgress }),
  );
  if (problems.length > 0) throw new ProblemError(...problems);
  if (before === 0) return true;
  const held = before.toLocaleString('en');
  const question = `The stack holds ${held} keys. Overwrite those that ${options.set.name} has as well?`;
  return confirmed(system, args, question, notConfirmed(held));
}

async function tryOut(
  system: System,
  args: RestoreArguments,
  { stack, set, running }: Omit<Work, 'running'> & { readonly running: RunningStack | undefined },
): Promise<number> {
  const { root, model } = stack;
  const run = await scratchRunner(system, model, running?.kind);
  const live = running && {
    placed: running.placed,
    credentials: credentialsOf(system.files, root, 'admin', model),
  };
  const drilled = await withProgress(system, args.json, (onProgress) =>
    drillSet({ system, root, model, run, set, live, onProgress }),
  );
  system.out(
    args.json ? `${JSON.stringify({ set: set.name, ...drilled }, null, 2)}\n` : drillReport(set, drilled),
  );
  if (!live && !args.json)
    system.out(`${colors.dim('The stack does not run, so no sample was compared.')}\n`);
  return drilled.findings.length === 0 ? 0 : 1;
}

const notConfirmed = (keys: string) =>
  problem(
    'restore/not-confirmed',
    '--replace',
    `The stack holds ${keys} keys, and nobody is here to be asked.`,
    'Add --yes.',
  );
