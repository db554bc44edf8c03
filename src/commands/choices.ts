import { nearest } from '../nearest.ts';
import type { Choices, Plan } from '../plan/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';

/** Files as the command line names them: paths inside the stack, or `all`. */
export interface ChoiceArguments {
  /** Where we and the user changed the same thing: keep the user's. */
  readonly ours: readonly string[];
  /** Where we and the user changed the same thing: take what is generated. */
  readonly theirs: readonly string[];
  /** Deleted files to bring back. */
  readonly restore: readonly string[];
}

export function choicesOf({ ours, theirs, restore }: ChoiceArguments): Choices {
  const names = (list: readonly string[], path: string) => list.includes(path) || list.includes('all');
  return {
    restore: new Set(restore),
    settle: (path) => {
      // A path by name beats `all` of the other side.
      if (ours.includes(path)) return 'yours';
      if (theirs.includes(path)) return 'generated';
      if (names(ours, path)) return 'yours';
      return names(theirs, path) ? 'generated' : undefined;
    },
  };
}

/** A path that is no file of the stack is a mistake that must not pass in silence. */
export function expectKnownPaths(plan: Plan, args: ChoiceArguments): void {
  const known = plan.changes.filter((c) => c.ownership !== 'secret').map((c) => c.path);
  const unknown = (flag: string, list: readonly string[]) =>
    list.filter((path) => path !== 'all' && !known.includes(path)).map((path) => notOurs(flag, path, known));
  const there = args.restore
    .filter((path) => plan.changes.some((c) => c.path === path && c.current !== undefined))
    .map(stillThere);
  const problems = [
    ...unknown('--ours', args.ours),
    ...unknown('--theirs', args.theirs),
    ...unknown('--restore', args.restore),
    ...there,
  ];
  if (problems.length > 0) throw new ProblemError(...problems);
}

function notOurs(flag: string, path: string, known: readonly string[]): Problem {
  const meant = nearest(path, known);
  return problem(
    'update/unknown-file',
    `${flag} ${path.slice(0, 80)}`,
    'The stack has no such file.',
    meant ? `Did you mean ${meant}?` : 'Name it as the plan does (update --dry-run), or all.',
  );
}

function stillThere(path: string): Problem {
  return problem(
    'update/not-deleted',
    `--restore ${path}`,
    'The file is there, so there is nothing to bring back.',
    `Delete it first if you want it as it is generated; --theirs ${path} settles clashes only.`,
  );
}
