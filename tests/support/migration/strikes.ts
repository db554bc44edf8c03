import { setTimeout as sleep } from 'node:timers/promises';
import type { Finished } from '../../live/stack.ts';
import { type Execution, expectDone } from './execution.ts';
import { type Stage, untilJournal } from './stage.ts';

/** Looks at the journal until a step has begun that was not seen yet; undefined when the command is over before. */
async function nextStep(
  stage: Stage,
  execution: Execution,
  seen: ReadonlySet<string>,
): Promise<string | undefined> {
  while (!execution.isOver()) {
    const begun = stage.journal()?.begun;
    if (begun !== undefined && !seen.has(begun)) return begun;
    await sleep(2);
  }
  return undefined;
}

/**
 * Kills the command in the next step that was not seen yet, now at its beginning and now some way into it. False where it
 * was over before that: all was done.
 */
export async function killInNextStep(
  stage: Stage,
  execution: Execution,
  seen: Set<string>,
): Promise<boolean> {
  const step = await nextStep(stage, execution, seen);
  if (step !== undefined) {
    seen.add(step);
    await sleep(seen.size % 2 === 0 ? 0 : Math.random() * 200);
    await execution.kill();
    // The blow may have come after the last step.
    return stage.journal() !== undefined;
  }
  expectDone(await execution.ended);
  return false;
}

/** Kills a process when a step has begun, and gives how the command ended. */
export async function strikeIn(
  stage: Stage,
  execution: Execution,
  step: string,
  strike: () => unknown,
): Promise<Finished> {
  const struck = untilJournal(stage, `${step} begins`, ({ begun }) => begun === step).then(strike);
  // What the command says is worth more than that the step never began.
  struck.catch(() => undefined);
  const done = await execution.ended;
  await struck;
  return done;
}
