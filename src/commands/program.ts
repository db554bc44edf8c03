import { Command, CommanderError } from 'commander';
import { isProblemError, ProblemError, problem } from '../problem.ts';
import { SHORT_FLAGS, type ShortFlag } from '../spec/short-flags.ts';
import type { System } from '../system.ts';
import { VERSION } from '../version.ts';

/** Exit codes: done, findings (drift, conflict, failed check), bad input. */
export const DONE = 0;
export const FINDINGS = 1;
export const BAD_INPUT = 2;
const INTERRUPTED = 130;

type Options = Readonly<Record<string, unknown>>;

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

type AddCommand = (program: Command, system: System, finish: (code: number) => void) => void;

const EXAMPLES = `
Examples:
  create-redis-stack shop                         ask, then write the stack shop/
  create-redis-stack shop --yes                   take every default
  create-redis-stack shop --yes --topology cluster --set topology.shards=6
  create-redis-stack create --help                all flags of the default command`;

/** Each command by its name; what is described but not called costs a start-up nothing. */
const COMMANDS: Readonly<Record<string, AddCommand>> = {
  check: addCheck,
  up: addUp,
  status: addStatus,
  down: addDown,
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

const repeat = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const SHORT_HELP: Readonly<Record<ShortFlag, string>> = {
  name: 'name of the stack, a DNS label',
  engine: 'redis or valkey, with a release line if you like: valkey:8.1',
  workload: 'what it is for: cache,sessions,rate-limiting,queue,primary-data',
  topology: 'standalone, sentinel or cluster',
  shards: 'primaries of a cluster',
  replicas: 'replicas per primary',
  memory: 'memory limit of one node, such as 2Gi',
  persistence: 'none, rdb, aof or hybrid',
  eviction: 'maxmemory-policy, such as allkeys-lfu',
  patterns: 'caching patterns of the client, or all',
  targets: 'what to write beside the configuration: compose,client',
  port: 'port of the first data node',
};

function addCreate(program: Command, system: System, finish: (code: number) => void): void {
  const create = program
    .command('create [dir]', { isDefault: true })
    .description('ask a few questions, then write a stack (the default command)')
    .option('-y, --yes', 'take every default, ask nothing')
    .option('--spec <file>', 'read the answers from a redis-stack.yaml; - is standard input')
    .option('--set <path=value>', 'set any key of the spec; may be repeated', repeat, []);
  for (const [flag, help] of Object.entries(SHORT_HELP)) create.option(`--${flag} <value>`, help);
  create
    .option('--dry-run', 'say what would be written, write nothing')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExample:\n  create-redis-stack shop --yes --topology sentinel --workload sessions',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { create: command } = await import('./create.ts');
      finish(
        await command(system, {
          dir,
          ...specArguments(options),
          yes: flag(options, 'yes'),
          dryRun: flag(options, 'dryRun'),
          json: flag(options, 'json'),
        }),
      );
    });
}

function specArguments(options: Options) {
  const given = Object.keys(SHORT_FLAGS).filter((name) => typeof options[name] === 'string');
  return {
    spec: options.spec as string | undefined,
    set: options.set as readonly string[],
    short: Object.fromEntries(given.map((name) => [name, options[name] as string])),
  };
}

function flag(options: Options, name: string): boolean {
  return options[name] === true;
}

function addCheck(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('check [dir]')
    .description('is the spec sound, do the files follow from it, do the programs accept them?')
    .option('--only <ids>', 'only these checks, with commas')
    .option('--strict', 'a check that could not run is a finding')
    .option('--json', 'result for programs')
    .addHelpText('after', '\nExample:\n  create-redis-stack check shop --strict')
    .action(async (dir: string | undefined, options: Options) => {
      const { check } = await import('./check.ts');
      finish(
        await check(system, {
          dir: dir ?? '.',
          only: list(options.only),
          strict: flag(options, 'strict'),
          json: flag(options, 'json'),
        }),
      );
    });
}

function list(value: unknown): readonly string[] | undefined {
  return typeof value === 'string' ? value.split(',').map((word) => word.trim()) : undefined;
}

function addUp(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('up [dir]')
    .description('start the stack on this machine and wait until it is ready')
    .option('--native', 'as plain server processes')
    .option('--timeout <seconds>', 'how long to wait', '60')
    .option('--json', 'result for programs')
    .addHelpText('after', '\nExample:\n  create-redis-stack up shop --native')
    .action(async (dir: string | undefined, options: Options) => {
      const { up } = await import('./up.ts');
      finish(
        await up(system, {
          dir: dir ?? '.',
          native: flag(options, 'native'),
          timeoutSeconds: seconds(options.timeout),
          json: flag(options, 'json'),
        }),
      );
    });
}

function addStatus(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('status [dir]')
    .description('roles, links, memory and keys of every node')
    .option('--json', 'result for programs')
    .addHelpText('after', '\nExample:\n  create-redis-stack status shop --json')
    .action(async (dir: string | undefined, options: Options) => {
      const { status } = await import('./status.ts');
      finish(await status(system, { dir: dir ?? '.', json: flag(options, 'json') }));
    });
}

function addDown(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('down [dir]')
    .description('stop what up started, and nothing else; data stays')
    .option('--delete-data', 'delete the data of the native nodes as well')
    .option('--json', 'result for programs')
    .addHelpText('after', '\nExample:\n  create-redis-stack down shop')
    .action(async (dir: string | undefined, options: Options) => {
      const { down } = await import('./down.ts');
      finish(
        await down(system, {
          dir: dir ?? '.',
          deleteData: flag(options, 'deleteData'),
          json: flag(options, 'json'),
        }),
      );
    });
}

function seconds(value: unknown): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0 && number <= 3600) return number;
  throw new ProblemError(
    problem(
      'cli/bad-timeout',
      '--timeout',
      `'${String(value)}' is not a number of seconds up to 3600.`,
      'Write for instance --timeout 120.',
    ),
  );
}
