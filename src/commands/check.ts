import { relative, sep } from 'node:path';
import { CHECKERS } from '../checks/registry.ts';
import type { Checker, CheckResult } from '../checks/types.ts';
import { colors } from '../colors.ts';
import { suggestion } from '../nearest.ts';
import { isProblemError, ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import type { Checked } from './formats.ts';
import { colouredProblem } from './problems.ts';
import { withProgress } from './progress.ts';
import { type OpenStack, openStack, stackRoot } from './stack.ts';

const FORMATS = ['text', 'json', 'junit', 'sarif'] as const;
type Format = (typeof FORMATS)[number];

export interface CheckArguments {
  readonly dir: string;
  readonly only: readonly string[] | undefined;
  readonly strict: boolean;
  readonly format: string;
}

/** Holds a stack against its spec and against the programs that read its files. Exit code 1 when anything is found. */
export async function check(system: System, args: CheckArguments): Promise<number> {
  const format = expectFormat(args.format);
  const checkers = choose(args.only);
  const stack = await open(system, args.dir, format);
  if (!stack) return 2;
  const checked: Checked[] = [];
  for (const { id, title, run } of checkers.filter((checker) => checker.applies(stack.model))) {
    const result = await withProgress(system, format !== 'text', (show) => {
      show(title);
      return run({ system, root: stack.root, model: stack.model });
    });
    checked.push({ id, title, result });
    if (format === 'text') system.out(describe(id, title, result));
  }
  await print(system, args.dir, format, checked);
  const bad = checked.some(
    ({ result }) => result.status === 'failed' || (args.strict && result.status === 'skipped'),
  );
  return bad ? 1 : 0;
}

/** A reader of reports gets one also where there is nothing to look at. */
async function open(system: System, dir: string, format: Format): Promise<OpenStack | undefined> {
  try {
    return openStack(system, dir);
  } catch (error) {
    if (!isProblemError(error) || format === 'text' || format === 'json') throw error;
    const result: CheckResult = { status: 'failed', said: 'it cannot be read', findings: error.problems };
    await print(system, dir, format, [{ id: 'spec', title: 'the spec is sound', result }]);
    return undefined;
  }
}

async function print(system: System, dir: string, format: Format, checked: readonly Checked[]) {
  if (format === 'text') return;
  if (format === 'json') {
    const checks = checked.map(({ id, title, result }) => ({ id, title, ...result }));
    system.out(`${JSON.stringify({ checks }, null, 2)}\n`);
    return;
  }
  const { toJunit, toSarif } = await import('./formats.ts');
  const root = stackRoot(system, dir);
  const places = {
    prefix: relative(system.cwd, root).split(sep).join('/'),
    isFile: (path: string) => system.files.kind(inside(root, path)) === 'file',
  };
  system.out(format === 'junit' ? toJunit(checked) : toSarif(checked, places));
}

function expectFormat(given: string): Format {
  const found = FORMATS.find((format) => format === given);
  if (found) return found;
  const message = `There is no format '${given.slice(0, 60)}'.`;
  throw new ProblemError(problem('cli/unknown-format', '--format', message, suggestion(given, FORMATS)));
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
