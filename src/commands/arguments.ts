import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { accept, expectValue, ProblemError, problem, type Result } from '../problem.ts';
import { type Assignment, assign, needsStructure, parseAssignment, shortAssignments } from '../spec/flags.ts';
import type { ShortFlag } from '../spec/short-flags.ts';
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
export async function gatherInput(system: System, args: SpecArguments): Promise<unknown> {
  const base = args.spec === undefined ? {} : expectValue(await readSpecFile(system, args.spec));
  const assignments = assignmentsOf(args);
  if (assignments.length === 0) return base;
  // Reading YAML is loaded only where something has to be read: most calls have words alone.
  const readStructure = assignments.some(needsStructure) ? (await import('./yaml.ts')).parse : undefined;
  return expectValue(assign(base, assignments, readStructure));
}

/** `-` reads standard input. */
async function readSpecFile(system: System, file: string): Promise<Result<unknown>> {
  const text = file === '-' ? readFileSync(0, 'utf8') : readText(system, file);
  const { readSpecText } = await import('./yaml.ts');
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
