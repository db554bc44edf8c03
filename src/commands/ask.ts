import { basename, resolve } from 'node:path';
import inquirer from 'inquirer';
import { colors } from '../colors.ts';
import { expectValue, formatProblem, isError } from '../problem.ts';
import { equivalentCommand } from '../spec/command.ts';
import { checkShape, type ParsedSpec, parseSpec } from '../spec/parse.ts';
import { type Answers, questions } from '../spec/questions.ts';
import { reviseByAnswers } from '../spec/revise.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { TARGETS } from '../targets/registry.ts';
import { summary } from './report.ts';

interface Asked {
  readonly dir: string;
  readonly parsed: ParsedSpec;
}

/** Asks what the flags left open, shows what follows from the answers, and asks for the last word. */
export async function askStack(
  system: System,
  given: unknown,
  dir: string | undefined,
): Promise<Asked | 'declined'> {
  const prompt = inquirer.createPromptModule();
  const directory = dir === undefined ? 'redis' : basename(resolve(system.cwd, dir));
  const offered = TARGETS.filter((target) => !target.always);
  // Flags are checked before the first question, so that nobody answers eleven and is refused then.
  expectValue(checkShape(given));
  const answers = (await prompt(questions(directory, offered) as never, given as Answers)) as Answers;
  const result = parseSpec(answers, directory);
  if (!result.ok) system.err(`${result.problems.map(formatProblem).join('\n')}\n`);
  const parsed = expectValue(result);
  const target = dir ?? parsed.spec.name;
  const notes = result.ok ? result.notes.filter((note) => !isError(note)) : [];
  system.out(summary(parsed, notes));
  system.out(
    `\n${colors.bold('The same without questions:')}\n  ${equivalentCommand(parsed.spec, target)}\n\n`,
  );
  const { go } = (await prompt([
    { type: 'confirm', name: 'go', message: `Write the stack to ${target}/?`, default: true },
  ])) as { go: boolean };
  if (go) return { dir: target, parsed };
  system.out('Nothing was written.\n');
  return 'declined';
}

/** The questionnaire over a stack that exists, with its present answers as defaults; gives the answers as a spec. */
export async function askAgain(present: StackSpec): Promise<Record<string, unknown>> {
  const prompt = inquirer.createPromptModule();
  const offered = TARGETS.filter((target) => !target.always);
  const answers = (await prompt(questions(present.name, offered, present) as never)) as Answers;
  return reviseByAnswers(present, answers as Record<string, unknown>);
}

/** The last word on a plan that was shown. */
export async function confirmPlan(
  system: System,
  plan: readonly string[],
  diff: () => string,
): Promise<boolean> {
  const prompt = inquirer.createPromptModule();
  system.out(`\n${plan.join('\n')}\n\n`);
  for (;;) {
    const { go } = (await prompt([
      {
        type: 'select',
        name: 'go',
        message: 'Carry it out?',
        choices: [
          { name: 'yes', value: 'yes' },
          { name: 'show the differences first', value: 'diff' },
          { name: 'no, change nothing', value: 'no' },
        ],
      },
    ])) as { go: 'yes' | 'diff' | 'no' };
    if (go !== 'diff') return go === 'yes';
    system.out(`\n${diff()}\n`);
  }
}

/** Asks questions of any kind. Others load it from here, so that the prompts are in the package once. */
export async function askAll(asked: readonly object[]): Promise<Record<string, unknown>> {
  return (await inquirer.createPromptModule()(asked as never)) as Record<string, unknown>;
}

/** A yes or no, no by default. */
export async function confirm(message: string): Promise<boolean> {
  const { go } = (await inquirer.createPromptModule()([
    { type: 'confirm', name: 'go', message, default: false },
  ])) as { go: boolean };
  return go;
}
