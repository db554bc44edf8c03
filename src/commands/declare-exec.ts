import type { Command } from 'commander';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { flag, type Options } from './declare.ts';

export function addExec(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('exec [dir] [words...]')
    .description('run the command line client against the running stack, logged in')
    .option('--user <name>', 'as which user of the stack', 'app')
    .option('--node <name>', 'at which node; the primary when not given')
    .option('--json', 'what it said, for programs')
    .usage('[options] [dir] -- redis-cli [words]')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack exec shop -- redis-cli SET greeting hello\n  create-redis-stack exec --user admin --node redis-2 shop -- redis-cli INFO replication',
    )
    .action(async (dir: string | undefined, words: readonly string[], options: Options, command: Command) => {
      const { exec } = await import('./exec.ts');
      const given = [...(dir === undefined ? [] : [dir]), ...words];
      finish(
        await exec(system, {
          ...split(given, command.parent?.args ?? []),
          user: String(options.user),
          node: options.node as string | undefined,
          json: flag(options, 'json'),
        }),
      );
    });
}

/** The folder stands before `--`, the client and its words behind it. */
function split(given: readonly string[], raw: readonly string[]): { dir: string; words: readonly string[] } {
  const dashes = raw.indexOf('--');
  const before = dashes < 0 ? Math.min(1, given.length) : given.length - (raw.length - dashes - 1);
  if (before <= 1)
    return { dir: given[0] !== undefined && before === 1 ? given[0] : '.', words: given.slice(before) };
  throw new ProblemError(
    problem(
      'cli/one-folder',
      'exec',
      `${given.slice(0, before).join(' ')} is more than one folder.`,
      'Put -- before the client: create-redis-stack exec shop -- redis-cli PING.',
    ),
  );
}
