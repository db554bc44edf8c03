import { basename } from 'node:path';
import { buildModel } from '../model/build.ts';
import { applyStack, type Generated, generate, planStack, readApplied } from '../pipeline.ts';
import { consequences } from '../plan/consequences/index.ts';
import { changesAnything, conflicts } from '../plan/describe.ts';
import { merge } from '../plan/merge/index.ts';
import type { Plan } from '../plan/types.ts';
import { type Problem, ProblemError, problem, warning } from '../problem.ts';
import { editSpecText } from '../spec/edit.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { VERSION } from '../version.ts';
import { planCertificates } from '../workspace/certificates.ts';
import type { SpecArguments } from './arguments.ts';
import { type ChoiceArguments, choicesOf, expectKnownPaths } from './choices.ts';
import { newSpec } from './new-spec.ts';
import { printNotes } from './report.ts';
import { expectNoMigration, openStack } from './stack.ts';
import { type LiveOutcome, type Outcome, planLines, report, showDiff } from './update-report.ts';

export interface UpdateArguments extends Pick<SpecArguments, 'set' | 'short'>, ChoiceArguments {
  readonly dir: string;
  readonly ask: boolean;
  readonly adopt: boolean;
  readonly diff: boolean;
  readonly live: boolean;
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Writes the stack again after redis-stack.yaml, the answers or this tool changed. Exit code 1 when edits clash. */
export async function update(system: System, args: UpdateArguments): Promise<number> {
  const { root, generated, outcome, notes } = await prepare(system, args);
  const { plan } = outcome;
  printNotes(system, notes, args.json);
  if (args.ask && !(await confirmed(system, outcome))) {
    system.out('Nothing was written.\n');
    return 0;
  }
  if (!args.dryRun && (changesAnything(plan) || plan.recordsMove)) applyStack(system, root, generated, plan);
  const clashing = conflicts(plan).length > 0;
  const live = args.live && !clashing ? await goLive(system, { root, generated, plan, args }) : undefined;
  system.out(report({ ...outcome, live }, args));
  return clashing || live?.ok === false ? 1 : 0;
}

interface Prepared {
  readonly root: string;
  readonly generated: Generated;
  readonly outcome: Outcome;
  readonly notes: readonly Problem[];
}

/** Everything decided, nothing written. */
async function prepare(system: System, args: UpdateArguments): Promise<Prepared> {
  const { root, spec: stored } = openStack(system, args.dir, { recover: !args.dryRun });
  expectNoMigration(system, root, args.dir);
  const ask = args.ask ? (present: StackSpec) => askFor(system, present) : undefined;
  const { spec, notes } = await newSpec(stored, args, basename(root), ask);
  const applied = readApplied(system.files, root);
  const generated = generate(spec, stored);
  const choices = choicesOf(args);
  const { adopt } = args;
  const certificates = await planCertificates(system, root, generated.model);
  const editing = { merge, editSpec: editSpecText, choices, adopt };
  const plan = planStack(system, root, generated, editing, certificates);
  if (plan.damage.length > 0 && !adopt) throw new ProblemError(...plan.damage);
  expectKnownPaths(plan, args);
  const before = applied && buildModel(applied.spec);
  const outcome: Outcome = { plan, follows: consequences(plan, before, generated.model) };
  return { root, generated, outcome, notes: [...notes, ...olderTool(applied?.tool)] };
}

interface Live {
  readonly root: string;
  readonly generated: Generated;
  readonly plan: Plan;
  readonly args: UpdateArguments;
}

/** Loaded only where running servers are to be changed. */
async function goLive(system: System, { root, generated, plan, args }: Live): Promise<LiveOutcome> {
  const { bringLive } = await import('./live.ts');
  const { timeoutSeconds, dryRun, json } = args;
  return bringLive(system, { root, model: generated.model, plan, timeoutSeconds, dryRun, json });
}

async function askFor(system: System, present: StackSpec): Promise<unknown> {
  if (!system.interactive) throw new ProblemError(noTerminal());
  const { askAgain } = await import('./ask.ts');
  return askAgain(present);
}

async function confirmed(system: System, outcome: Outcome): Promise<boolean> {
  if (!changesAnything(outcome.plan)) return true;
  const { confirmPlan } = await import('./ask.ts');
  return confirmPlan(system, planLines(outcome), () => showDiff(outcome.plan));
}

/** Two people with two releases would write the files to and fro. */
function olderTool(wroteLast: string | undefined): readonly Problem[] {
  if (wroteLast === undefined || compareReleases(wroteLast, VERSION) <= 0) return [];
  return [
    warning(
      'update/older-tool',
      'create-redis-stack',
      `This is ${VERSION}; the stack was last written by ${wroteLast}, so this run may take back what that release improved.`,
      `Run it with npx create-redis-stack@${wroteLast}.`,
    ),
  ];
}

function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  const differing = (left ?? []).findIndex((part, i) => part !== right?.[i]);
  return differing < 0 ? 0 : (left?.[differing] ?? 0) - (right?.[differing] ?? 0);
}

function noTerminal() {
  return problem(
    'cli/no-terminal',
    '--ask',
    'There is no terminal to ask questions in.',
    'Edit redis-stack.yaml, or give --set path=value.',
  );
}
