import type { Command } from 'commander';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { flag, type Options, seconds } from './declare.ts';

export function addUp(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('up [dir]')
    .description('start the stack on this machine and wait until it is ready')
    .option('--compose', 'in Docker Compose; the default where an engine answers')
    .option('--native', 'as plain server processes')
    .option('--timeout <seconds>', 'how long to wait', '60')
    .option('--json', 'result for programs')
    .addHelpText('after', '\nExamples:\n  create-redis-stack up shop\n  create-redis-stack up shop --native')
    .action(async (dir: string | undefined, options: Options) => {
      const { up } = await import('./up.ts');
      finish(
        await up(system, {
          dir: dir ?? '.',
          way: wayOf(options),
          timeoutSeconds: seconds(options.timeout),
          json: flag(options, 'json'),
        }),
      );
    });
}

function wayOf(options: Options): 'native' | 'compose' | undefined {
  const [native, compose] = [flag(options, 'native'), flag(options, 'compose')];
  if (native && compose)
    throw new ProblemError(
      problem('cli/two-ways', '--native', 'It stands beside --compose.', 'Give one of the two, or none.'),
    );
  if (native) return 'native';
  return compose ? 'compose' : undefined;
}

export function addStatus(program: Command, system: System, finish: (code: number) => void): void {
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

export function addDown(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('down [dir]')
    .description('stop what up started, and nothing else; data stays')
    .option('--delete-data', 'delete the data as well: volumes, and folders of native nodes')
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
