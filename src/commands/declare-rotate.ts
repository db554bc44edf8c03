import type { Command } from 'commander';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { flag, type Options, seconds } from './declare.ts';

export function addRotate(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('rotate [dir]')
    .description(
      'change passwords or certificates on the running stack, without a dropped client or a refused call',
    )
    .option('--users <names>', 'only these users, with commas')
    .option('--grace <seconds>', 'how long clients may take to move to the new passwords', '60')
    .option('--force', 'end the connections of clients that have not moved by then')
    .option('--certificates', 'renew the certificates of the nodes instead of the passwords')
    .option('--timeout <seconds>', 'with --certificates, how long to wait for a node', '60')
    .option('--dry-run', 'say what would be done, change nothing')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack rotate shop\n  create-redis-stack rotate shop --users app,probe --grace 300 --yes\n  create-redis-stack rotate shop --certificates',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { rotateCommand } = await import('./rotate.ts');
      finish(
        await rotateCommand(system, {
          dir: dir ?? '.',
          users: names(options.users),
          graceSeconds: grace(options.grace),
          force: flag(options, 'force'),
          certificates: flag(options, 'certificates'),
          timeoutSeconds: seconds(options.timeout),
          dryRun: flag(options, 'dryRun'),
          yes: flag(options, 'yes'),
          json: flag(options, 'json'),
        }),
      );
    });
}

function names(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'string') return undefined;
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function grace(value: unknown): number {
  const number = Number(value);
  if (String(value).trim() !== '' && Number.isFinite(number) && number >= 0 && number <= 86_400)
    return number;
  throw new ProblemError(
    problem(
      'cli/bad-grace',
      '--grace',
      `'${String(value)}' is not a number of seconds up to 86400.`,
      'Write for instance --grace 300, or --grace 0 to wait for nobody.',
    ),
  );
}
