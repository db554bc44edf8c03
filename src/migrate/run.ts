import { ProblemError, problem } from '../problem.ts';
import type { JournalData } from './journal.ts';
import type { Context, Step } from './step.ts';

export interface Watcher {
  readonly begins: (step: Step) => void;
  readonly ends: (step: Step) => void;
}

export type Outcome = 'done' | 'rolled-back' | 'interrupted';

/** Carries out what is left of the steps. An interruption stops between two steps, or where a step can be cut. */
export async function goOn(ctx: Context, steps: readonly Step[], watch: Watcher): Promise<Outcome> {
  for (const step of steps) {
    if (ctx.journal.data().done.includes(step.id)) continue;
    if (ctx.signal.aborted) return 'interrupted';
    watch.begins(step);
    ctx.journal.begin(step.id);
    try {
      await step.run(ctx);
    } catch (error) {
      if (ctx.signal.aborted) return 'interrupted';
      throw stoppedIn(step, error, canTurnBack(ctx.journal.data(), steps));
    }
    ctx.journal.finish(step.id);
    watch.ends(step);
  }
  return 'done';
}

/** Undoes what was done and what was begun, last first. */
export async function turnBack(ctx: Context, steps: readonly Step[], watch: Watcher): Promise<Outcome> {
  ctx.journal.turnBack();
  const { done, begun } = ctx.journal.data();
  const touched = steps.filter((step) => done.includes(step.id) || step.id === begun);
  for (const step of touched.toReversed()) {
    if (ctx.signal.aborted) return 'interrupted';
    watch.begins(step);
    ctx.journal.begin(step.id);
    try {
      await step.undo?.(ctx);
    } catch (error) {
      throw stoppedIn(step, error, true);
    }
    ctx.journal.undone(step.id);
    watch.ends(step);
  }
  return 'rolled-back';
}

/** Whether no step has begun after which there is no way back. */
export function canTurnBack(
  { done, begun }: Pick<JournalData, 'done' | 'begun'>,
  steps: readonly Step[],
): boolean {
  return !steps.some((step) => step.final && (done.includes(step.id) || step.id === begun));
}

/** Where it stopped and what may be done now. What a step says itself is more exact and comes first. */
function stoppedIn(step: Step, error: unknown, mayTurnBack: boolean): ProblemError {
  const ways = mayTurnBack
    ? 'go on with `migrate --resume`, or undo all of it with `migrate --rollback`.'
    : 'go on with `migrate --resume`. There is no way back from here; no data was given up.';
  if (error instanceof ProblemError)
    return new ProblemError(
      ...error.problems.map((one) => ({ ...one, remedy: `${one.remedy} Then ${ways}` })),
    );
  const said = (error as Error).message.replace(/\.?$/, '.');
  return new ProblemError(problem('migrate/stopped', step.title, said, `Mend what it says, then ${ways}`));
}
