import { relative, resolve, sep } from 'node:path';
import { diagnose } from '../doctor/diagnose.ts';
import type { Facts } from '../doctor/facts.ts';
import { examine } from '../doctor/look/index.ts';
import { terminal } from '../doctor/report/terminal.ts';
import { RULES } from '../doctor/rules/index.ts';
import { factsOfSpec } from '../doctor/spec-facts.ts';
import type { Diagnosis, Finding } from '../doctor/types.ts';
import { suggestion } from '../nearest.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { applyMending, unasked } from './doctor-apply.ts';
import { mendingWords } from './doctor-mending.ts';
import { writePage } from './doctor-page.ts';
import { type Subject, type SubjectArguments, subjectOf } from './doctor-subject.ts';
import { withProgress } from './progress.ts';

export interface DoctorArguments extends SubjectArguments {
  readonly keys: string;
  readonly seconds: string;
  readonly ignore: readonly string[];
  readonly fix: boolean;
  readonly apply: boolean;
  readonly yes: boolean;
  readonly html: string | undefined;
  readonly sarif: boolean;
  readonly json: boolean;
}

/** Holds servers, or a spec, against the handbook. Exit code 1 when anything worse than a note is found. */
export async function doctor(system: System, args: DoctorArguments): Promise<number> {
  const budget = budgetOf(args);
  expectRules(args.ignore);
  if (args.apply && !args.yes && (args.json || !system.interactive)) throw new ProblemError(unasked);
  const subject = await subjectOf(system, args);
  const isForPrograms = args.json || args.sarif;
  const facts = await withProgress(system, isForPrograms, (show) => factsOf(subject, budget, show));
  const diagnosis = without(args.ignore, diagnose(facts));
  if (args.html !== undefined) await writePage(system, args.html, diagnosis);
  await print(system, args, subject, diagnosis);
  const outcome = args.apply
    ? await applyMending(system, { ...args, json: isForPrograms }, subject, diagnosis)
    : 0;
  return Math.max(outcome, diagnosis.findings.some(isBad) ? 1 : 0);
}

const isBad = ({ severity }: Finding): boolean => severity !== 'note';

interface Budget {
  readonly keys: number;
  readonly seconds: number;
}

function factsOf(subject: Subject, budget: Budget, onProgress: (text: string) => void): Promise<Facts> {
  if (subject.kind === 'spec') return Promise.resolve(factsOfSpec(subject.model, Date.now() / 1000));
  return examine(subject.target, { ...budget, onProgress });
}

async function print(
  system: System,
  args: DoctorArguments,
  subject: Subject,
  diagnosis: Diagnosis,
): Promise<void> {
  if (args.json) {
    const { toJson } = await import('../doctor/report/json.ts');
    system.out(toJson(diagnosis));
    return;
  }
  if (args.sarif) {
    const { toSarif } = await import('../doctor/report/sarif.ts');
    const folder = relative(system.cwd, resolve(system.cwd, args.target)).split(sep).join('/');
    system.out(toSarif(diagnosis, diagnosis.facts.model ? { folder } : {}));
    return;
  }
  system.out(terminal(diagnosis, { columns: process.stdout.columns ?? 100 }));
  if (args.html !== undefined) system.out(`\nThe page is in ${args.html}.\n`);
  if (args.fix || args.apply) system.out(mendingWords(args.target, subject, diagnosis));
}

/** What a person has looked at and decided to live with. */
const without = (ignore: readonly string[], diagnosis: Diagnosis): Diagnosis => ({
  ...diagnosis,
  findings: diagnosis.findings.filter(({ id }) => !ignore.includes(id)),
});

function expectRules(named: readonly string[]): void {
  const ids = RULES.map(({ id }) => id);
  const unknown = named.filter((id) => !ids.includes(id));
  if (unknown.length > 0) throw new ProblemError(...unknown.map((id) => unknownRule(id, ids)));
}

const unknownRule = (id: string, ids: readonly string[]): Problem =>
  problem('doctor/unknown-rule', '--ignore', `There is no rule '${id.slice(0, 60)}'.`, suggestion(id, ids));

function budgetOf({ keys, seconds }: DoctorArguments): Budget {
  const problems = [
    ...(isWhole(keys, 100_000_000) ? [] : [badNumber('--keys', keys, 'a whole number of keys', '10000')]),
    ...(isWhole(seconds, 3600) && Number(seconds) > 0
      ? []
      : [badNumber('--seconds', seconds, 'a number of seconds from 1 to 3600', '10')]),
  ];
  if (problems.length > 0) throw new ProblemError(...problems);
  return { keys: Number(keys), seconds: Number(seconds) };
}

const isWhole = (text: string, most: number): boolean => /^\d+$/.test(text) && Number(text) <= most;

const badNumber = (flag: string, given: string, what: string, example: string): Problem =>
  problem(
    'doctor/bad-number',
    flag,
    `'${given.slice(0, 60)}' is not ${what}.`,
    `Write for instance ${flag} ${example}.`,
  );
