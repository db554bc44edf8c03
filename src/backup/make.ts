import { isAbsolute, join, resolve } from 'node:path';
import { composeCommand, projectOf, say } from '../local/compose/project.ts';
import { findTool } from '../local/compose/tool.ts';
import type { RunningStack, Said } from '../local/running.ts';
import { BACKUP_SETS } from '../model/backup.ts';
import { backupEnvironment } from '../model/environment.ts';
import type { StackModel } from '../model/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';

export interface MakeOptions {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
  readonly running: RunningStack;
  /** Absolute path of the folder for the set. */
  readonly folder: string;
}

/** Where the sets of a stack are: a folder that was asked for, else its own. */
export function setsFolder(root: string, cwd: string, to: string | undefined): string {
  return to === undefined ? inside(root, BACKUP_SETS) : resolve(cwd, to);
}

export interface Made {
  /** Name of the set. */
  readonly name: string;
  /** What the script said on the way, such as from whom it copied. */
  readonly said: readonly string[];
}

/** Makes a set now, with the script of the backup job. Throws what it said where none came about. */
export async function makeSet(options: MakeOptions): Promise<Made> {
  const answer = await (options.running.kind === 'native' ? byProcess(options) : byContainer(options));
  const said = answer.stderr
    .split('\n')
    .filter((line) => line.startsWith('backup: '))
    .map((line) => line.slice('backup: '.length));
  const written = answer.stdout.trim().split('\n').at(-1) ?? '';
  const name = /([^/]+)\.json$/.exec(written)?.[1];
  if (answer.code === 0 && name) return { name, said };
  throw new ProblemError(failed(options, answer, said));
}

function failed({ folder, model }: MakeOptions, answer: Said, said: readonly string[]): Problem {
  const why = said.at(-1) ?? answer.stderr.trim().split('\n').at(-1) ?? 'it gave no reason';
  const full = /no space left|file too large|disk quota/i.test(why);
  const busy = why.includes('another backup');
  return problem(
    full ? 'backup/disk-full' : busy ? 'backup/busy' : 'backup/not-made',
    folder,
    why.endsWith('.') ? why : `${why}.`,
    full
      ? `Make room, or keep fewer sets (backup.keep, now ${model.backup.keep}).`
      : busy
        ? 'Wait for it.'
        : 'Look at `create-redis-stack status`, mend what it says, then run it again.',
  );
}

function byProcess({ running, folder }: MakeOptions): Promise<Said> {
  const [node] = running.placed.nodes;
  if (!node) throw new Error('a stack has nodes');
  return running.script(node, 'backup.sh', ['once'], {
    ...backupEnvironment(running.placed),
    STACK_BACKUP_TO: folder,
    STACK_WAIT: '30',
  });
}

/**
 * In a container of its own beside the nodes, also where no job is configured: a project of one service in the network of the
 * stack. It runs as whoever called, so that the files are theirs.
 */
async function byContainer({ system, root, model, folder }: MakeOptions): Promise<Said> {
  const tool = await findTool(system.env);
  if (!tool.ok) throw new ProblemError(...tool.problems);
  const place = inside(root, `${RUN}/backup-${process.pid}`);
  const project = {
    ...projectOf(system, place, model, tool.value),
    name: `${model.spec.name}-backup-${process.pid}`,
  };
  system.files.write(join(place, 'compose.yaml'), JSON.stringify(onceProject(root, model, folder)), 0o600);
  try {
    return await say(composeCommand(project, ['run', '--rm', '-T', 'backup']));
  } finally {
    system.files.remove(place);
  }
}

function onceProject(root: string, model: StackModel, folder: string) {
  const tls = model.spec.security.tls;
  const mount = (source: string, target: string, readOnly: boolean) => ({
    type: 'bind',
    source: isAbsolute(source) ? source : inside(root, source),
    target,
    read_only: readOnly,
  });
  return {
    services: {
      backup: {
        image: model.engine.image,
        entrypoint: ['sh', '/stack/scripts/backup.sh', 'once'],
        user: `${process.getuid?.() ?? 999}:${process.getgid?.() ?? 999}`,
        environment: {
          ...backupEnvironment(model),
          STACK_BACKUP_TO: '/backup',
          ...(tls ? { STACK_TLS_CA: '/run/secrets/tls-ca.crt' } : {}),
        },
        volumes: [
          mount('conf', '/stack', true),
          mount('.secrets/backup', '/run/secrets/backup', true),
          ...(tls ? [mount('.secrets/tls/ca.crt', '/run/secrets/tls-ca.crt', true)] : []),
          mount(folder, '/backup', false),
        ],
        networks: ['stack'],
        read_only: true,
        tmpfs: ['/tmp', '/data'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'no',
      },
    },
    networks: { stack: { external: true, name: `${model.spec.name}_stack` } },
  };
}
