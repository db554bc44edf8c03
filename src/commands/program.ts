import { Command, CommanderError } from 'commander';
import { isProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { VERSION } from '../version.ts';
import { type AddCommand, addCheck, addCreate, addUpdate } from './declare.ts';
import { addAdvise } from './declare-advise.ts';
import { addBackup, addRestore } from './declare-backup.ts';
import { addDoctor } from './declare-doctor.ts';
import { addDrill } from './declare-drill.ts';
import { addExec } from './declare-exec.ts';
import { addImport } from './declare-import.ts';
import { addDown, addStatus, addUp } from './declare-local.ts';
import { addMigrate } from './declare-migrate.ts';
import { addRotate } from './declare-rotate.ts';

/** Exit codes: done, findings (drift, conflict, failed check), bad input. */
export const DONE = 0;
export const FINDINGS = 1;
export const BAD_INPUT = 2;
const INTERRUPTED = 130;

/** argv to exit code. Every command is loaded only when it is called. */
export async function run(system: System, argv: readonly string[]): Promise<number> {
  let code = DONE;
  const program = describeProgram(system, argv, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(system, error, argv);
  }
}

async function report(system: System, error: unknown, argv: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.excessArguments') system.err(await mistypedCommand(argv[0] ?? ''));
    return error.exitCode === 0 ? DONE : BAD_INPUT;
  }
  if (error instanceof Error && error.name === 'ExitPromptError') {
    system.err('\nStopped. Nothing was written.\n');
    return INTERRUPTED;
  }
  if (!isProblemError(error)) throw error;
  if (argv.includes('--json')) system.out(`${JSON.stringify({ problems: error.problems }, null, 2)}\n`);
  else {
    const { colouredProblem } = await import('./problems.ts');
    system.err(`${error.problems.map(colouredProblem).join('\n')}\n`);
  }
  return BAD_INPUT;
}

/** `chekc shop` reads as two folders; what was probably meant is a command. */
async function mistypedCommand(word: string): Promise<string> {
  const { nearest } = await import('./problems.ts');
  const meant = nearest(word, ['create', ...Object.keys(COMMANDS)]);
  return meant
    ? `(Did you mean the command '${meant}'?)\n`
    : '(One folder at a time; quote a name with blanks.)\n';
}

const EXAMPLES = `
Examples:
  create-redis-stack shop                         ask, then write the stack shop/
  create-redis-stack shop --yes                   take every default
  create-redis-stack shop --yes --topology cluster --set topology.shards=6
  create-redis-stack create --help                all flags of the default command`;

/** Each command by its name; what is described but not called costs a start-up nothing. */
const COMMANDS: Readonly<Record<string, AddCommand>> = {
  update: addUpdate,
  check: addCheck,
  up: addUp,
  status: addStatus,
  down: addDown,
  exec: addExec,
  migrate: addMigrate,
  rotate: addRotate,
  doctor: addDoctor,
  drill: addDrill,
  backup: addBackup,
  restore: addRestore,
  advise: addAdvise,
  import: addImport,
};

function describeProgram(system: System, argv: readonly string[], finish: (code: number) => void): Command {
  const program = new Command('create-redis-stack')
    .description('Writes a Redis or Valkey stack that you own, and runs and checks it.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: system.out, writeErr: system.err })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText('after', EXAMPLES);
  addCreate(program, system, finish);
  for (const [name, add] of Object.entries(COMMANDS)) if (isNeeded(name, argv)) add(program, system, finish);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeOut: system.out, writeErr: system.err });
  }
  return program;
}

/** The list of all commands is needed for help and after a mistake; a folder or a flag first means `create`. */
function isNeeded(name: string, argv: readonly string[]): boolean {
  const [first = ''] = argv;
  return first === name || first === 'help' || argv.includes('--help') || argv.includes('-h');
}
