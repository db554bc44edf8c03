import { readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { type Imported, importValues } from '../import/index.ts';
import { CHARTS, type Chart } from '../import/types.ts';
import { suggestion } from '../nearest.ts';
import { applyStack, generate, planStack } from '../pipeline.ts';
import { planToJson } from '../plan/describe.ts';
import type { Plan } from '../plan/types.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { printSpec } from '../spec/print.ts';
import type { System } from '../system.ts';
import { planCertificates } from '../workspace/certificates.ts';
import { expectFreeFolder } from '../workspace/target.ts';
import { accountLines } from './import-words.ts';
import { createdReport, printNotes } from './report.ts';

export interface ImportArguments {
  /** The values file; `-` is standard input. */
  readonly values: string;
  readonly dir: string | undefined;
  readonly chart: string | undefined;
  readonly name: string | undefined;
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * From a values file to a new stack, all of it or nothing, with an account of every key. Without a folder, and with
 * `--dry-run`, the spec goes to standard output and the account to the error stream. Gives the exit code.
 */
export async function importCommand(system: System, args: ImportArguments): Promise<number> {
  const chart = expectChart(args.chart);
  const { dir } = args;
  if (dir !== undefined) expectFreeFolder(system.files, resolve(system.cwd, dir), dir);
  const text = args.values === '-' ? readFileSync(0, 'utf8') : readText(system, args.values);
  const place = args.values === '-' ? 'standard input' : args.values;
  const fallback = dir === undefined ? 'redis' : basename(resolve(system.cwd, dir));
  const imported = expectValue(importValues(text, { place, chart, name: args.name, fallback }));
  const writes = dir !== undefined && !args.dryRun;
  printNotes(system, imported.notes, args.json);
  if (!writes) return show(system, args, imported);
  return write(system, args, imported, dir);
}

function show(system: System, args: ImportArguments, imported: Imported): number {
  if (args.json) system.out(toJson(imported, { written: false }));
  else {
    system.err(`${accountLines(imported, args.all).join('\n')}\n`);
    system.out(printSpec(imported.parsed.spec));
  }
  return 0;
}

async function write(
  system: System,
  args: ImportArguments,
  imported: Imported,
  dir: string,
): Promise<number> {
  const root = resolve(system.cwd, dir);
  const generated = generate(imported.parsed.spec);
  const certificates = await planCertificates(system, root, generated.model);
  const plan = planStack(system, root, generated, undefined, certificates);
  applyStack(system, root, generated, plan);
  if (args.json) system.out(toJson(imported, { written: true, dir: root, plan }));
  else {
    const shown = relative(system.cwd, root) || '.';
    system.out(`${accountLines(imported, args.all).join('\n')}\n`);
    system.out(`\n${createdReport(shown, generated.model, imported.parsed, false)}`);
  }
  return 0;
}

interface Written {
  readonly written: boolean;
  readonly dir?: string;
  readonly plan?: Plan;
}

function toJson(
  { recognised, parsed, keys, implied, notes }: Imported,
  { plan, ...written }: Written,
): string {
  const result = {
    ...written,
    ...recognised,
    spec: parsed.spec,
    keys,
    implied,
    notes,
    ...(plan && { plan: planToJson(plan) }),
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function expectChart(asked: string | undefined): Chart | undefined {
  const chart = CHARTS.find((name) => name === asked);
  if (asked === undefined || chart) return chart;
  throw new ProblemError(
    problem(
      'import/unknown-chart',
      '--chart',
      `'${asked.slice(0, 60)}' is no chart whose values are understood.`,
      suggestion(asked, CHARTS),
    ),
  );
}

function readText(system: System, file: string): string {
  const path = resolve(system.cwd, file);
  const refuse = (code: string, message: string, remedy: string) =>
    new ProblemError(problem(code, file, message, remedy));
  const kind = system.files.kind(path);
  if (kind === undefined)
    throw refuse(
      'import/not-found',
      'There is no such file.',
      'Give the values file; that of a running release comes from `helm get values NAME --output yaml`.',
    );
  if (kind === 'directory')
    throw refuse('import/not-a-file', 'This is a folder.', 'Give the file, for instance values.yaml.');
  try {
    return system.files.read(path) ?? '';
  } catch (cause) {
    throw refuse('import/unreadable', (cause as Error).message, 'Make it readable, or choose another file.');
  }
}
