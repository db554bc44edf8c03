import type { Command } from 'commander';
import type { System } from '../system.ts';
import { flag, type Options, repeat } from './declare.ts';

export function addDoctor(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('doctor [url-or-dir]')
    .description(
      'examine a running server, Sentinel group or cluster, or a stack, and say what to change; reads only, a random sample of keys',
    )
    .option('--spec', 'only the spec of a stack, whether it runs or not')
    .option('--as <user>', 'the user of a stack to look as: admin sees most, probe least', 'admin')
    .option(
      '--sentinel-user <user>',
      'user at the Sentinels of a URL; its password in REDIS_SENTINEL_PASSWORD',
    )
    .option('--ca <file>', 'certificate authority of rediss://')
    .option('--cert <file>', 'certificate that it asks its clients for')
    .option('--key <file>', 'key of that certificate')
    .option('--keys <number>', 'how many keys to look at on each primary; 0 for none', '10000')
    .option('--seconds <number>', 'how long to look at keys at most', '10')
    .option('--ignore <rule>', 'leave the findings of a rule out; may be repeated', repeat, [])
    .option('--fix', 'also print what would mend each finding')
    .option('--apply', 'do what is safe on servers that serve, after asking')
    .option('-y, --yes', 'do not ask')
    .option('--html <file>', 'also write a page with pictures')
    .option('--sarif', 'the findings for a code host')
    .option('--json', 'everything, for programs')
    .addHelpText(
      'after',
      `
The password of a URL stands in REDISCLI_AUTH.

Examples:
  create-redis-stack doctor shop
  create-redis-stack doctor redis://app@db.example:6379 --html report.html
  create-redis-stack doctor rediss://sentinel.example:26379 --ca ca.pem --json`,
    )
    .action(async (target: string | undefined, options: Options) => {
      const { doctor } = await import('./doctor.ts');
      finish(
        await doctor(system, {
          target: target ?? '.',
          spec: flag(options, 'spec'),
          as: String(options.as),
          sentinelUser: options.sentinelUser as string | undefined,
          ca: options.ca as string | undefined,
          cert: options.cert as string | undefined,
          key: options.key as string | undefined,
          keys: String(options.keys),
          seconds: String(options.seconds),
          ignore: options.ignore as readonly string[],
          fix: flag(options, 'fix'),
          apply: flag(options, 'apply'),
          yes: flag(options, 'yes'),
          html: options.html as string | undefined,
          sarif: flag(options, 'sarif'),
          json: flag(options, 'json'),
        }),
      );
    });
}
