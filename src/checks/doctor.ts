import { diagnose } from '../doctor/diagnose.ts';
import { RULES } from '../doctor/rules/index.ts';
import { factsOfSpec } from '../doctor/spec-facts.ts';
import type { Problem } from '../problem.ts';
import { type Checker, judge } from './types.ts';

/** Holds the spec against the rules that `doctor` holds servers against. Notes are for those who ask `doctor`. */
export const doctor: Checker = {
  id: 'doctor',
  title: 'the spec goes against no rule of the handbook',
  applies: () => true,
  run: async ({ model }) => {
    const { findings } = diagnose(factsOfSpec(model, Math.floor(Date.now() / 1000)));
    return judge(
      findings
        .filter(({ severity }) => severity !== 'note')
        .map(
          ({ id, severity, at, message, remedy }): Problem => ({
            code: `doctor/${id}`,
            severity,
            at,
            message,
            remedy,
          }),
        ),
      `${RULES.length} rules`,
    );
  },
};
