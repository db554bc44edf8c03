import type { Command } from 'commander';
import type { System } from '../system.ts';
import { flag, type Options } from './declare.ts';

export function addBackup(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('backup [dir]')
    .description('copy the data of the running stack away, checked and compressed')
    .option('--to <folder>', 'a folder for the set, in place of backups/sets')
    .option('--list', 'show the sets that are there, and do nothing')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack backup shop\n  create-redis-stack backup shop --list',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { backup } = await import('./backup.ts');
      finish(
        await backup(system, {
          dir: dir ?? '.',
          to: word(options.to),
          list: flag(options, 'list'),
          json: flag(options, 'json'),
        }),
      );
    });
}

export function addRestore(program: Command, system: System, finish: (code: number) => void): void {
  program
    .command('restore [dir]')
    .description('write a backup into the running stack, whatever its topology')
    .option('--from <set>', 'newest, a name that backup --list shows, or the .json file of a set', 'newest')
    .option('--add', 'where the stack holds keys, keep them and write what is missing')
    .option('--replace', 'where the stack holds keys, overwrite those of the same name')
    .option('--drill', 'only try: start a server from the set, count and compare, change nothing')
    .option('-y, --yes', 'do not ask before keys are overwritten')
    .option('--json', 'result for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  create-redis-stack restore shop --from newest\n  create-redis-stack restore shop --drill',
    )
    .action(async (dir: string | undefined, options: Options) => {
      const { restore } = await import('./restore.ts');
      finish(
        await restore(system, {
          dir: dir ?? '.',
          from: word(options.from) ?? 'newest',
          add: flag(options, 'add'),
          replace: flag(options, 'replace'),
          drill: flag(options, 'drill'),
          yes: flag(options, 'yes'),
          json: flag(options, 'json'),
        }),
      );
    });
}

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
