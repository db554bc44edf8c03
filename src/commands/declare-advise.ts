import type { Command } from 'commander';
import type { System } from '../system.ts';
import { flag, type Options } from './declare.ts';

export function addAdvise(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('advise [url-or-dir]')
    .description('which data structure for this? a few questions, or flags, lead to one, with what it takes')
    .option('--need <what>', 'what it is for, such as cache, queue, leaderboard, rate-limit')
    .option(
      '--access <how>',
      'whole, field, member, ends, range, rank, count, combine, near, listen, replay, search',
    )
    .option('--order <order>', 'none, arrival, score or name')
    .option('--unique', 'each element once')
    .option('--no-unique', 'the same element may be there twice')
    .option('--expires [what]', 'whole (all at once) or element (each in its own time), or never')
    .option('--elements <number>', 'how many, such as 200k')
    .option('--bytes <size>', 'of one element')
    .option('--engine <name>', 'redis or valkey, where no server is given; with a release line if you like')
    .option('--ca <file>', 'certificate authority of rediss://')
    .option('--cert <file>', 'certificate that it asks its clients for')
    .option('--key <file>', 'key of that certificate')
    .option('--no-measure', 'without figures')
    .option('-y, --yes', 'measure on the given server itself; otherwise a server beside it is started')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      `
The password of a URL stands in REDISCLI_AUTH.

Examples:
  create-redis-stack advise
  create-redis-stack advise shop --need queue --elements 10k --bytes 2kb
  create-redis-stack advise redis://app@db.example:6379 --access rank --yes`,
    )
    .action(async (target: string | undefined, options: Options) => {
      const { advise } = await import('./advise.ts');
      const text = (name: string) => options[name] as string | undefined;
      finish(
        await advise(system, {
          target,
          engine: text('engine'),
          ca: text('ca'),
          cert: text('cert'),
          key: text('key'),
          answers: {
            need: text('need'),
            access: text('access'),
            order: text('order'),
            unique: options.unique as boolean | undefined,
            expires: options.expires as string | boolean | undefined,
            elements: text('elements'),
            bytes: text('bytes'),
          },
          measure: options.measure !== false,
          yes: flag(options, 'yes'),
          json: flag(options, 'json'),
        }),
      );
    });
}
