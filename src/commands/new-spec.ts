import { expectValue, type Problem, ProblemError, problem } from '../problem.ts';
import { parseSpec } from '../spec/parse.ts';
import { revise } from '../spec/revise.ts';
import type { StackSpec } from '../spec/types.ts';
import { assignmentsOf, type SpecArguments } from './arguments.ts';
import { parse } from './yaml.ts';

export interface NewSpec {
  readonly spec: StackSpec;
  readonly notes: readonly Problem[];
}

/**
 * The stored spec with the flags laid over it; then `ask`, where it is given, for what the user wants otherwise.
 * `directory` names a stack that has no name.
 */
export async function newSpec(
  stored: StackSpec,
  flags: Pick<SpecArguments, 'set' | 'short'>,
  directory: string,
  ask?: (present: StackSpec) => Promise<unknown>,
): Promise<NewSpec> {
  const flagged = expectValue(revise(stored, assignmentsOf(flags), parse));
  const input = ask ? await ask(expectValue(parseSpec(flagged, directory)).spec) : flagged;
  const parsed = parseSpec(input, directory);
  const { spec } = expectValue(parsed);
  if (spec.name !== stored.name) throw new ProblemError(renamed(stored.name, spec.name));
  return { spec, notes: parsed.ok ? parsed.notes : [] };
}

function renamed(before: string, after: string) {
  return problem(
    'update/renamed',
    'name',
    `The stack is called ${before}; ${after} would be another one, with other volumes.`,
    'Write a new stack under the new name.',
  );
}
