import { type Problem, ProblemError } from '../problem.ts';
import type { System } from '../system.ts';

export interface Asking {
  readonly yes: boolean;
  readonly json: boolean;
}

/** The last word before something is done to a running stack. Where nobody can be asked, `unasked` says so. */
export async function confirmed(
  system: System,
  { yes, json }: Asking,
  question: string,
  unasked: Problem,
): Promise<boolean> {
  if (yes) return true;
  if (!system.interactive || json) throw new ProblemError(unasked);
  const { confirm } = await import('./ask.ts');
  return confirm(question);
}
