import { basename } from 'node:path';
import { applyStack, generate, planStack } from '../pipeline.ts';
import { changesAnything, conflicts, describePlan, planToJson } from '../plan/describe.ts';
import { merge } from '../plan/merge/index.ts';
import type { Plan } from '../plan/types.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { editSpecText } from '../spec/edit.ts';
import { assign } from '../spec/flags.ts';
import { parseSpec } from '../spec/parse.ts';
import type { System } from '../system.ts';
import { recoverFolder } from '../workspace/target.ts';
import { assignmentsOf, type SpecArguments } from './arguments.ts';
import { printNotes } from './report.ts';
import { openStack } from './stack.ts';
import { parse } from './yaml.ts';

export interface UpdateArguments extends Pick<SpecArguments, 'set' | 'short'> {
  readonly dir: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Writes the stack again after redis-stack.yaml, the flags or this tool changed. Exit code 1 when edits clash. */
export async function update(system: System, args: UpdateArguments): Promise<number> {
  const { root, spec: stored } = openStack(system, args.dir);
  if (!args.dryRun) recoverFolder(system.files, root);
  const changed = expectValue(assign(stored, assignmentsOf(args), parse));
  const parsed = parseSpec(changed, basename(root));
  const { spec } = expectValue(parsed);
  if (spec.name !== stored.name) throw new ProblemError(renamed(stored.name, spec.name));
  const generated = generate(spec, stored);
  const plan = planStack(system, root, generated, { merge, editSpec: editSpecText });
  if (!args.dryRun && changesAnything(plan)) applyStack(system, root, generated, plan);
  printNotes(system, parsed.ok ? parsed.notes : [], args.json);
  system.out(report(plan, args));
  return conflicts(plan).length > 0 ? 1 : 0;
}

function report(plan: Plan, { json, dryRun }: UpdateArguments): string {
  const clashing = conflicts(plan);
  if (json) return `${JSON.stringify({ written: !dryRun, plan: planToJson(plan) }, null, 2)}\n`;
  if (!changesAnything(plan)) return 'Everything follows from the spec already.\n';
  const left =
    clashing.length === 0
      ? []
      : [
          '',
          'Left as they are; what they would be, with the clashes marked, is under .redis-stack/conflicts/.',
          'Take over what you want, then run update again:',
          ...clashing.map((c) => `  ${c.path}`),
        ];
  return `${[...describePlan(plan), ...(dryRun ? ['', 'Nothing was written.'] : []), ...left].join('\n')}\n`;
}

function renamed(before: string, after: string) {
  return problem(
    'update/renamed',
    'name',
    `The stack is called ${before}; ${after} would be another one, with other volumes.`,
    'Write a new stack under the new name.',
  );
}
