import { visible } from './visible.ts';

/** How bad a problem is: an error stops the command, a warning is shown, a note explains. */
export type Severity = 'error' | 'warning' | 'note';

/**
 * Something wrong with what the user gave, as data.
 * `code` is `<room>/<what>` and public; `at` is a spec path, a file or a flag; `remedy` says what to do.
 */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly at: string;
  readonly message: string;
  readonly remedy: string;
  /** What somebody else said of it, such as the end of a log; shown line by line below the message. */
  readonly detail?: readonly string[];
}

export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function problem(code: string, at: string, message: string, remedy: string): Problem {
  return { code, severity: 'error', at, message, remedy };
}

export function warning(code: string, at: string, message: string, remedy: string): Problem {
  return { ...problem(code, at, message, remedy), severity: 'warning' };
}

export function accept<T>(value: T, notes: readonly Problem[] = []): Result<T> {
  return { ok: true, value, notes };
}

export function refuse(...problems: readonly Problem[]): Result<never> {
  return { ok: false, problems };
}

export function isError(p: Problem): boolean {
  return p.severity === 'error';
}

/** Carries problems out of code whose caller is several frames up; the command line turns it into exit code 2. */
export class ProblemError extends Error {
  readonly problems: readonly Problem[];

  constructor(...problems: readonly Problem[]) {
    super(problems.map((p) => p.message).join('\n'));
    this.name = 'ProblemError';
    this.problems = problems;
  }
}

/** By name: each command is a bundle of its own, with its own copy of the class. */
export function isProblemError(error: unknown): error is ProblemError {
  return error instanceof Error && error.name === 'ProblemError' && 'problems' in error;
}

/** The value, or a ProblemError that holds why there is none. */
export function expectValue<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new ProblemError(...result.problems);
}

/** One readable block a problem: severity, place, message, then the remedy on its own line. */
export function formatProblem(p: Problem): string {
  const detail = (p.detail ?? []).map((line) => `\n  | ${visible(line)}`).join('');
  return `${p.severity}: ${visible(p.at)}: ${visible(p.message)}${detail}\n  → ${visible(p.remedy)}`;
}
