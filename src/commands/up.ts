import { colors } from '../colors.ts';
import { upNative } from '../local/native.ts';
import type { StackModel } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { openStack } from './stack.ts';
import { statusTable } from './status-table.ts';

export interface UpArguments {
  readonly dir: string;
  readonly native: boolean;
  readonly timeoutSeconds: number;
  readonly json: boolean;
}

/** Starts the stack here and waits until it is ready. Gives the exit code. */
export async function up(system: System, args: UpArguments): Promise<number> {
  if (!args.native) {
    throw new ProblemError(
      problem(
        'cli/native-only',
        'up',
        'This release starts plain processes only.',
        'Add --native, or run `docker compose up -d --wait` in the folder of the stack.',
      ),
    );
  }
  const { root, model } = openStack(system, args.dir);
  const { timeoutSeconds, json } = args;
  const result = await withProgress(system, json, (onProgress) =>
    upNative(system, root, model, { timeoutSeconds, onProgress }),
  );
  if (json) {
    const { started, observed } = result;
    system.out(
      `${JSON.stringify({ topology: model.spec.topology.kind, started, nodes: observed.nodes }, null, 2)}\n`,
    );
  } else {
    system.out(`${statusTable(result.observed.nodes)}\n\n${connectAdvice(result.placed, args.dir)}`);
  }
  return 0;
}

/** How to connect, without a password on the screen or in a command line. */
function connectAdvice(placed: StackModel, dir: string): string {
  const node = placed.nodes.find((n) => n.role === 'primary') ?? placed.nodes[0];
  const folder = dir === '.' ? '' : `${dir}/`;
  const cluster = placed.joins ? ' -c' : '';
  return [
    `${colors.green('Ready.')} Connect as the user app with its password from ${folder}.env:`,
    `  set -a; . ${folder}.env; set +a`,
    `  REDISCLI_AUTH=$REDIS_APP_PASSWORD ${placed.engine.cli} -h 127.0.0.1 -p ${node?.port}${cluster} --user app`,
    `The client module takes .env and ${folder}.redis-stack/run/env:`,
    `  node --env-file=${folder}.env --env-file=${folder}.redis-stack/run/env app.js`,
    '',
  ].join('\n');
}
