import { CHECKERS } from '../checks/registry.ts';
import type { Checker, CheckResult } from '../checks/types.ts';
import { colors } from '../colors.ts';
import { suggestion } from '../nearest.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { colouredProblem } from './problems.ts';
import { withProgress } from './progress.ts';
import { openStack } from './stack.ts';

export interface CheckArguments {
  readonly dir: string;
  readonly only: readonly string[] | undefined;
  readonly strict: boolean;
  readonly json: boolean;
}

/** Holds a stack against its spec and against the programs that read its files. Exit code 1 when anything is found. */
export async function check(system: System, args: CheckArguments): Promise<number> {
  const { root, model } = openStack(system, args.dir);
  const chosen = choose(args.only).filter((checker) => checker.applies(model));
  const results: { readonly id: string; readonly title: string; readonly result: CheckResult }[] = [];
  for (const { id, title, run } of chosen) {
    const result = await withProgress(system, args.json, (show) => {
      show(title);
      return run({ system, root, model });
    });
    results.push({ id, title, result });
    if (!args.json) system.out(describe(id, title, result));
  }
  if (args.json)
    system.out(
      `${JSON.stringify({ checks: results.map(({ id, title, result }) => ({ id, title, ...result })) }, null, 2)}\n`,
    );
  const bad = results.some(
    ({ result }) => result.status === 'failed' || (args.strict && result.status === 'skipped'),
  );
  return bad ? 1 : 0;
}

function choose(only: readonly string[] | undefined): readonly Checker[] {
  if (!only) return CHECKERS;
  const ids = CHECKERS.map((checker) => checker.id);
  const unknown = only.filter((id) => !ids.includes(id));
  if (unknown.length > 0)
    throw new ProblemError(
      ...unknown.map((id) =>
        problem(
          'cli/unknown-check',
          '--only',
          `There is no check '${id.slice(0, 60)}'.`,
          suggestion(id, ids),
        ),
      ),
    );
  return CHECKERS.filter((checker) => only.includes(checker.id));
}

const MARKS = {
  ok: colors.green('ok     '),
  failed: colors.red('FAILED '),
  skipped: colors.yellow('skipped'),
};

function describe(id: string, title: string, { status, said, findings }: CheckResult): string {
  const lines = findings.map((finding) => `${colouredProblem(finding)}\n`);
  return `${MARKS[status]}  ${id.padEnd(9)} ${title} ${colors.dim(`(${said})`)}\n${lines.join('')}`;
}
