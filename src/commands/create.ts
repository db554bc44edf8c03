import { basename, relative, resolve } from 'node:path';
import { applyStack, type Generated, generate, planStack } from '../pipeline.ts';
import { describePlan, planToJson } from '../plan/describe.ts';
import type { Plan } from '../plan/types.ts';
import { expectValue, type Problem, ProblemError, problem } from '../problem.ts';
import { inFile, type ParsedSpec, parseSpec } from '../spec/parse.ts';
import type { System } from '../system.ts';
import { planCertificates } from '../workspace/certificates.ts';
import { expectFreeFolder } from '../workspace/target.ts';
import { gatherInput, type SpecArguments } from './arguments.ts';
import { createdReport, printNotes } from './report.ts';

export interface CreateArguments extends SpecArguments {
  readonly dir: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const FALLBACK_DIR = 'redis-stack';

/** Ask, or read what was given, then write a new stack: all of it or nothing. Gives the exit code. */
export async function create(system: System, args: CreateArguments): Promise<number> {
  const input = await gatherInput(system, args);
  const dir = args.dir ?? nameIn(input);
  if (dir !== undefined) expectFreeFolder(system.files, resolve(system.cwd, dir), dir);
  const chosen = await choose(system, args, input, dir);
  if (chosen === 'declined') return 0;
  const root = resolve(system.cwd, chosen.dir);
  if (dir === undefined) expectFreeFolder(system.files, root, chosen.dir);
  const generated = generate(chosen.parsed.spec);
  const certificates = await planCertificates(system, root, generated.model);
  const plan = planStack(system, root, generated, undefined, certificates);
  if (!args.dryRun) applyStack(system, root, generated, plan);
  printNotes(system, chosen.notes, args.json);
  system.out(report(system, args, { chosen, root, generated, plan }));
  return 0;
}

interface Chosen {
  readonly dir: string;
  readonly parsed: ParsedSpec;
  readonly notes: readonly Problem[];
  /** True when the questionnaire has shown all this already. */
  readonly asked: boolean;
}

async function choose(
  system: System,
  args: CreateArguments,
  input: unknown,
  dir: string | undefined,
): Promise<Chosen | 'declined'> {
  if (!args.yes && args.spec === undefined) {
    const answers = await askFor(system, input, dir);
    return answers === 'declined' ? answers : { ...answers, notes: [], asked: true };
  }
  const target = dir ?? FALLBACK_DIR;
  const { value, notes } = expectAccepted(input, resolve(system.cwd, target), args.spec);
  return { dir: target, parsed: value, notes, asked: false };
}

interface Outcome {
  readonly chosen: Chosen;
  readonly root: string;
  readonly generated: Generated;
  readonly plan: Plan;
}

function report(
  system: System,
  { json, dryRun }: CreateArguments,
  { chosen, root, generated, plan }: Outcome,
): string {
  const { parsed, notes, asked } = chosen;
  if (json) {
    const result = { dir: root, written: !dryRun, ...parsed, notes, plan: planToJson(plan) };
    return `${JSON.stringify(result, null, 2)}\n`;
  }
  if (dryRun) return `${describePlan(plan).join('\n')}\nNothing was written.\n`;
  return createdReport(relative(system.cwd, root) || '.', generated.model, parsed, !asked);
}

function expectAccepted(input: unknown, root: string, file: string | undefined) {
  const parsed = parseSpec(input, basename(root));
  const result = file === undefined ? parsed : inFile(parsed, file);
  return { value: expectValue(result), notes: result.ok ? result.notes : [] };
}

function nameIn(input: unknown): string | undefined {
  const name = (input as { name?: unknown }).name;
  return typeof name === 'string' && /^[a-z][-a-z0-9]*$/.test(name) ? name : undefined;
}

type Asked = Pick<Chosen, 'dir' | 'parsed'>;

/** The questionnaire is loaded only where somebody can answer it. */
async function askFor(system: System, input: unknown, dir: string | undefined): Promise<Asked | 'declined'> {
  if (!system.interactive) {
    throw new ProblemError(
      problem(
        'cli/no-terminal',
        'standard input',
        'There is no terminal to ask questions in.',
        'Add --yes to take every default, or give --spec FILE; --set path=value changes single values.',
      ),
    );
  }
  const { askStack } = await import('./ask.ts');
  return askStack(system, input, dir);
}
