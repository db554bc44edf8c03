import type { Command } from 'commander';
import { ProblemError, problem } from '../problem.ts';
import { SHORT_FLAGS, type ShortFlag, SWITCHES } from '../spec/short-flags.ts';
import type { System } from '../system.ts';

export type Options = Readonly<Record<string, unknown>>;

/** Adds one command to the program; `finish` takes its exit code. Every command is loaded only when it is called. */
export type AddCommand = (program: Command, system: System, finish: (code: number) => void) => void;

export function flag(options: Options, name: string): boolean {
  return options[name] === true;
}

export const repeat = (value: string, before: readonly string[]): readonly string[] => [...before, value];

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
  tls: 'encrypt every connection, with certificates made here',
  patterns: 'patterns of the client, such as cache-aside,locks, or all',
  library: 'library of the client: node-redis or ioredis',
  targets: 'what to write beside the configuration: compose,client,ci',
  port: 'port of the first data node',
};

export function addShortFlags(command: Command): void {
  for (const [flag, help] of Object.entries(SHORT_HELP)) {
    if (!(SWITCHES as readonly string[]).includes(flag)) command.option(`--${flag} <value>`, help);
    else command.option(`--${flag}`, help).option(`--no-${flag}`, `the contrary of --${flag}`);
  }
}

export function addCreate(program: Command, system: System, finish: (code: number) => void): void {
  const create = program
    .command('create [dir]', { isDefault: true })
    .description('ask a few questions, then write a stack (the default command)')
    .option('-y, --yes', 'take every default, ask nothing')
    .option('--spec <file>', 'read the answers from a redis-stack.yaml; - is standard input')
    .option('--set <path=value>', 'set any key of the spec; may be repeated', repeat, []);
  addShortFlags(create);
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

export function specArguments(options: Options) {
  const given = Object.keys(SHORT_FLAGS).filter((name) =>
    ['string', 'boolean'].includes(typeof options[name]),
  );
  return {
    spec: options.spec as string | undefined,
    set: options.set as readonly string[],
    short: Object.fromEntries(given.map((name) => [name, String(options[name])])),
  };
}

export function addUpdate(program: Command, system: System, finish: (code: number) => void): void {
  const update = program
    .command('update [dir]')
    .description('write the stack again after redis-stack.yaml, the flags or this tool changed')
    .option('--set <path=value>', 'set any key of the spec; may be repeated', repeat, []);
  addShortFlags(update);
  update
    .option('--ask', 'ask the questions again, with the present answers as defaults')
    .option('--diff', 'show what changes in each file')
    .option('--ours <path>', 'where both changed it, keep yours; a path or all; may be repeated', repeat, [])
    .option('--theirs <path>', 'where both changed it, take what is generated', repeat, [])
    .option('--restore <path>', 'bring back a file that you deleted; may be repeated', repeat, [])
    .option(
      '--live',
      'bring the running servers to it as well: set what can be set, restart the rest one by one',
    )
    .option('--timeout <seconds>', 'with --live, how long to wait for a node', '60')
    .option('--adopt', 'rebuild .redis-stack/ after it was edited or lost')
    .option('--dry-run', 'say what would change, change nothing')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExample:\n  create-redis-stack update shop --set memory.limit=4Gi --dry-run --diff',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { update: command } = await import('./update.ts');
      const { set, short } = specArguments(options);
      finish(
        await command(system, {
          dir: dir ?? '.',
          set,
          short,
          ours: options.ours as readonly string[],
          theirs: options.theirs as readonly string[],
          restore: options.restore as readonly string[],
          ask: flag(options, 'ask'),
          diff: flag(options, 'diff'),
          live: flag(options, 'live'),
          timeoutSeconds: seconds(options.timeout),
          adopt: flag(options, 'adopt'),
          dryRun: flag(options, 'dryRun'),
          json: flag(options, 'json'),
        }),
      );
    });
}

export function addCheck(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('check [dir]')
    .description('is the spec sound, do the files follow from it, do the programs accept them?')
    .option('--only <ids>', 'only these checks, with commas')
    .option('--strict', 'a check that could not run is a finding')
    .option('--format <format>', 'text, json, junit or sarif', 'text')
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack check shop --strict\n  create-redis-stack check shop --format sarif > redis-stack.sarif',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { check } = await import('./check.ts');
      finish(
        await check(system, {
          dir: dir ?? '.',
          only: list(options.only),
          strict: flag(options, 'strict'),
          format: flag(options, 'json') ? 'json' : String(options.format),
        }),
      );
    });
}

/** A number of seconds from the command line. */
export function seconds(value: unknown, at = '--timeout'): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0 && number <= 3600) return number;
  throw new ProblemError(
    problem(
      'cli/bad-timeout',
      at,
      `'${String(value)}' is not a number of seconds up to 3600.`,
      `Write for instance ${at} 120.`,
    ),
  );
}

function list(value: unknown): readonly string[] | undefined {
  return typeof value === 'string' ? value.split(',').map((word) => word.trim()) : undefined;
}
