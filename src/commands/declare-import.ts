import type { Command } from 'commander';
import type { System } from '../system.ts';
import { flag, type Options } from './declare.ts';

export function addImport(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('import <values> [dir]')
    .description(
      'write a stack from the values of a Bitnami redis or valkey chart; say what became of each key',
    )
    .option('--chart <chart>', 'whose values they are: redis, redis-cluster, valkey or valkey-cluster')
    .option('--name <name>', 'name of the stack, a DNS label')
    .option('--all', 'list also the keys that are as the chart comes')
    .option('--dry-run', 'print the spec and the account, write nothing; so it is without a folder')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack import values.yaml shop\n  create-redis-stack import values.yaml > redis-stack.yaml\n  helm get values shop --output yaml | create-redis-stack import - shop',
    )
    .action(async (values: string, dir: string | undefined, options: Options) => {
      const { importCommand } = await import('./import.ts');
      finish(
        await importCommand(system, {
          values,
          dir,
          chart: word(options.chart),
          name: word(options.name),
          all: flag(options, 'all'),
          dryRun: flag(options, 'dryRun'),
          json: flag(options, 'json'),
        }),
      );
    });
}

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
