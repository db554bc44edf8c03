import { noteRunningSpec } from '../local/started.ts';
import { contextFor, type Task } from '../migrate/ready-made.ts';
import { revive } from '../migrate/revive.ts';
import { goOn, turnBack } from '../migrate/run.ts';
import type { Step } from '../migrate/step.ts';
import { isProblemError, ProblemError, problem } from '../problem.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import type { SpecArguments } from './arguments.ts';
import { confirmed } from './confirmed.ts';
import { stackFiles } from './migrate-files.ts';
import { type MigrateScreen, openScreen } from './migrate-screen.ts';
import { leftWords, planWords, type Words } from './migrate-words.ts';
import { untilInterrupted } from './until-interrupted.ts';

export interface MigrateArguments extends Pick<SpecArguments, 'set' | 'short'> {
  readonly dir: string;
  readonly from: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly resume: boolean;
  readonly rollback: boolean;
  readonly dryRun: boolean;
  readonly graceSeconds: number;
  readonly timeoutSeconds: number;
  readonly yes: boolean;
  readonly json: boolean;
}

const INTERRUPTED = 130;

/** Shows the plan and asks. The exit code, where it goes no further. */
export async function agreed(
  system: System,
  args: MigrateArguments,
  words: Words,
): Promise<number | undefined> {
  const { stops } = words.look;
  if (args.json) system.out(`${JSON.stringify({ event: 'plan', ...planData(words) })}\n`);
  else system.out(planWords(words));
  if (args.dryRun) return stops.length > 0 ? 1 : 0;
  if (stops.length > 0) throw new ProblemError(...stops);
  if (await confirmed(system, args, 'Begin?', notConfirmed())) return undefined;
  system.out('Nothing was changed.\n');
  return 0;
}

function planData({ before, after, kind, steps, look }: Words) {
  const data = steps.map(({ id, title, about, pause, final }) => ({
    id,
    title,
    about,
    pause,
    final: final === true,
  }));
  const sides = { before: before?.spec.topology, after: after.spec.topology, way: kind };
  return {
    ...sides,
    steps: data,
    findings: look.findings,
    estimate: look.estimate,
    otherTools: look.otherTools,
  };
}

export interface Work {
  readonly steps: readonly Step[];
  readonly task: Omit<Task, 'files' | 'timeoutSeconds' | 'graceSeconds' | 'signal' | 'say' | 'warn'>;
  readonly stored: StackSpec;
  readonly back?: boolean;
}

/** Runs the steps that are left, or takes back those that were done. */
export async function carryOut(system: System, args: MigrateArguments, work: Work): Promise<number> {
  const screen = openScreen(system, args.json, work.steps);
  try {
    let outcome = 'interrupted';
    const stopped = await untilInterrupted(async (signal) => {
      outcome = await runSteps(system, args, work, screen, signal);
    });
    screen.close();
    return ended(system, args, stopped || outcome === 'interrupted' ? 'interrupted' : outcome);
  } catch (error) {
    screen.close();
    if (!isProblemError(error)) throw error;
    screen.stopped(error.problems);
    return 1;
  }
}

async function runSteps(
  system: System,
  args: MigrateArguments,
  { steps, task, stored, back = false }: Work,
  screen: MigrateScreen,
  signal: AbortSignal,
): Promise<string> {
  const { root, before, after } = task;
  const { graceSeconds, timeoutSeconds } = args;
  const files = stackFiles(system, root, { stored, before: before?.spec, after: after.spec });
  const { say, warn } = screen;
  const ctx = await contextFor({ ...task, files, graceSeconds, timeoutSeconds, signal, say, warn });
  await revive(ctx);
  const outcome = await (back ? turnBack : goOn)(ctx, steps, screen);
  if (outcome === 'interrupted') return outcome;
  if (outcome === 'done') noteRunningSpec(system.files, root, after.spec);
  ctx.journal.close();
  return outcome;
}

function ended(system: System, { json, dir }: MigrateArguments, outcome: string): number {
  if (json) system.out(`${JSON.stringify({ event: 'done', outcome })}\n`);
  else system.out(leftWords(outcome, dir));
  return outcome === 'interrupted' ? INTERRUPTED : 0;
}

const notConfirmed = () =>
  problem(
    'migrate/not-confirmed',
    'migrate',
    'A migration changes running servers, and nobody is here to be asked.',
    'Look at `migrate --dry-run`, then add --yes.',
  );
