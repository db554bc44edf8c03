import { colors } from '../colors.ts';

export { nearest } from '../nearest.ts';

import { formatProblem, type Problem } from '../problem.ts';

/** A problem for a terminal: the severity in its colour. */
export function colouredProblem(p: Problem): string {
  const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan }[p.severity];
  return formatProblem(p).replace(p.severity, paint(p.severity));
}
