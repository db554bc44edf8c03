import type { Command } from 'commander';
import type { System } from '../system.ts';
import { addShortFlags, flag, type Options, repeat, seconds, specArguments } from './declare.ts';

export function addMigrate(program: Command, system: System, finish: (code: number) => void): void {
  const migrate = program
    .command('migrate [dir]')
    .description(
      'carry the live data of the running stack to the topology or engine in redis-stack.yaml, or given by flags',
    )
    .option('--set <path=value>', 'set any key of the spec; may be repeated', repeat, []);
  addShortFlags(migrate);
  migrate
    .option(
      '--from <url>',
      'take the data from another server: redis://user@host:port or rediss://…; its password in REDIS_SOURCE_PASSWORD',
    )
    .option('--ca <file>', 'certificate authority of that server')
    .option('--cert <file>', 'certificate that it asks its clients for')
    .option('--key <file>', 'key of that certificate')
    .option('--resume', 'go on with a migration that was cut off')
    .option('--rollback', 'undo a migration that has not passed its point of no return')
    .option('--grace <seconds>', 'how long clients that cannot follow by themselves are waited for', '30')
    .option('--timeout <seconds>', 'how long to wait for a node that should answer', '60')
    .option('--dry-run', 'show the plan and what stands in the way, change nothing')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'a line of JSON an event, for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack migrate shop --topology cluster --dry-run\n  create-redis-stack migrate shop --shards 6\n  create-redis-stack migrate shop --from redis://app@old.example:6379',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { migrate: command } = await import('./migrate.ts');
      const { set, short } = specArguments(options);
      finish(
        await command(system, {
          dir: dir ?? '.',
          set,
          short,
          from: options.from as string | undefined,
          ca: options.ca as string | undefined,
          cert: options.cert as string | undefined,
          key: options.key as string | undefined,
          resume: flag(options, 'resume'),
          rollback: flag(options, 'rollback'),
          graceSeconds: Number(options.grace) === 0 ? 0 : seconds(options.grace, '--grace'),
          timeoutSeconds: seconds(options.timeout),
          dryRun: flag(options, 'dryRun'),
          yes: flag(options, 'yes'),
          json: flag(options, 'json'),
        }),
      );
    });
}
