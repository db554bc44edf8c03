import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { accept, expectValue, ProblemError, problem, type Result } from '../problem.ts';
import { type Assignment, assign, parseAssignment, type ShortFlag, shortAssignments } from '../spec/flags.ts';
import { readSpecText } from '../spec/read.ts';
import type { System } from '../system.ts';

/** What the command line gave towards a spec. */
export interface SpecArguments {
  readonly spec: string | undefined;
  readonly set: readonly string[];
  readonly short: Readonly<Partial<Record<ShortFlag, string>>>;
}

/** The flags as assignments to spec keys, short ones first. */
export function assignmentsOf(args: Pick<SpecArguments, 'set' | 'short'>): readonly Assignment[] {
  const short = Object.entries(args.short).flatMap(([flag, text]) =>
    shortAssignments(flag as ShortFlag, text),
  );
  return [...short, ...args.set.map((text) => expectValue(parseAssignment(text)))];
}

/** The spec file with the flags laid over it, not yet checked. */
export function gatherInput(system: System, args: SpecArguments): unknown {
  const base = args.spec === undefined ? {} : expectValue(readSpecFile(system, args.spec));
  const assignments = assignmentsOf(args);
  return assignments.length === 0 ? base : expectValue(assign(base, assignments));
}

/** `-` reads standard input. */
function readSpecFile(system: System, file: string): Result<unknown> {
  const text = file === '-' ? readFileSync(0, 'utf8') : readText(system, file);
  const data = readSpecText(text, file);
  return data.ok && data.value === null ? accept({}) : data;
}

function readText(system: System, file: string): string {
  const path = resolve(system.cwd, file);
  const kind = system.files.kind(path);
  if (kind === undefined)
    throw new ProblemError(
      problem('spec/not-found', file, 'There is no such file.', 'Check the path given to --spec.'),
    );
  if (kind === 'directory')
    throw new ProblemError(
      problem(
        'spec/not-a-file',
        file,
        'This is a folder.',
        'Give the file, for instance shop/redis-stack.yaml.',
      ),
    );
  try {
    return system.files.read(path) ?? '';
  } catch (cause) {
    throw new ProblemError(
      problem('spec/unreadable', file, (cause as Error).message, 'Make it readable, or choose another file.'),
    );
  }
}
