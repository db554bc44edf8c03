import { SCENARIOS } from '../local/drill/scenarios.ts';
import type { Circumstances, Scenario } from '../local/drill/types.ts';
import { suggestion } from '../nearest.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';

export interface Choice {
  readonly chosen: readonly Scenario[];
  /** Those that this stack has no use for, and why. */
  readonly left: readonly { readonly id: string; readonly why: string }[];
}

/** Those of `--only`, or all that suit the stack. Whoever asks for one that does not is told why. */
export function chooseScenarios(only: readonly string[] | undefined, of: Circumstances): Choice {
  const left = SCENARIOS.flatMap((scenario) => {
    const why = scenario.lacks(of);
    return why === undefined ? [] : [{ id: scenario.id, why }];
  });
  const suiting = SCENARIOS.filter((scenario) => !left.some(({ id }) => id === scenario.id));
  if (only === undefined) return { chosen: suiting, left };
  const problems = only.flatMap((id) => refusal(id, left));
  if (problems.length > 0) throw new ProblemError(...problems);
  return { chosen: suiting.filter(({ id }) => only.includes(id)), left: [] };
}

function refusal(id: string, left: Choice['left']): readonly Problem[] {
  const why = left.find((one) => one.id === id)?.why;
  if (why !== undefined)
    return [problem('drill/not-suited', '--only', `'${id}' cannot be practised: ${why}.`, 'Leave it out.')];
  const ids = SCENARIOS.map((scenario) => scenario.id);
  if (ids.includes(id)) return [];
  return [problem('drill/unknown-scenario', '--only', `There is no scenario '${id}'.`, suggestion(id, ids))];
}
