import type { Command } from 'commander';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { flag, type Options, seconds } from './declare.ts';

export function addDrill(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('drill [dir]')
    .description('practise failures on the running stack; print what is lost, and how long it takes')
    .option('--only <ids>', 'only these scenarios, with commas')
    .option('--list', 'say which scenarios there are and what is promised, and do nothing')
    .option('--wait-replicas <n>', 'count a write only when so many replicas have it', '0')
    .option('--rate <n>', 'writes a second, and as many reads', '200')
    .option('--timeout <seconds>', 'how long to wait for each recovery', '60')
    .option('--mend', 'undo what a drill that was killed has left behind, and nothing else')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack drill shop\n  create-redis-stack drill shop --only kill,freeze --wait-replicas 1',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { drill } = await import('./drill.ts');
      finish(
        await drill(system, {
          dir: dir ?? '.',
          only: words(options.only),
          waitReplicas: whole('--wait-replicas', options.waitReplicas, 0, 9),
          rate: whole('--rate', options.rate, 10, 1000),
          timeoutSeconds: seconds(options.timeout),
          yes: flag(options, 'yes'),
          list: flag(options, 'list'),
          mend: flag(options, 'mend'),
          json: flag(options, 'json'),
        }),
      );
    });
}

function words(value: unknown): readonly string[] | undefined {
  return typeof value === 'string' ? value.split(',').map((word) => word.trim()) : undefined;
}

function whole(at: string, value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new ProblemError(
    problem(
      'cli/bad-number',
      at,
      `'${String(value)}' is not a whole number from ${least} to ${most}.`,
      `Write for instance ${at} ${Math.max(1, least)}.`,
    ),
  );
}
