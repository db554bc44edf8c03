import { prepareBackups } from '../backup/prepare.ts';
import { colors } from '../colors.ts';
import { expectCertificates } from '../local/certificates/expect.ts';
import { type UpResult, upNative } from '../local/native.ts';
import { expectSecrets } from '../local/secrets-there.ts';
import { noteRunningSpec } from '../local/started.ts';
import { chooseWay, type Kind, type Way } from '../local/way.ts';
import type { StackModel } from '../model/types.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { printNotes } from './report.ts';
import { expectNoMigration, openStack } from './stack.ts';
import { statusTable } from './status-table.ts';

export interface UpArguments {
  readonly dir: string;
  /** Undefined where it is chosen by what is there. */
  readonly way: Kind | undefined;
  readonly timeoutSeconds: number;
  readonly json: boolean;
}

/** Starts the stack here and waits until it is ready. Gives the exit code. */
export async function up(system: System, args: UpArguments): Promise<number> {
  const { root, model } = openStack(system, args.dir);
  expectNoMigration(system, root, args.dir);
  const { timeoutSeconds, json } = args;
  expectSecrets(system.files, root, model);
  const expiring = expectCertificates(system.files, root, model);
  if (model.backup.scheduled) prepareBackups(system.files, root, model);
  const way = await chooseWay({ system, root, model }, args.way);
  if (!json) system.err(`${described(way)}\n`);
  const result = await withProgress(system, json, async (onProgress): Promise<UpResult> => {
    const options = { timeoutSeconds, onProgress };
    if (way.kind === 'native') return upNative(system, root, model, options);
    const { upCompose } = await import('../local/compose/up.ts');
    return upCompose(way.project, options);
  });
  noteRunningSpec(system.files, root, model.spec);
  const warnings = [...expiring, ...result.warnings];
  printNotes(system, warnings, json);
  if (json) {
    const { started, observed } = result;
    const topology = model.spec.topology.kind;
    system.out(
      `${JSON.stringify({ topology, way: way.kind, started, nodes: observed.nodes, warnings }, null, 2)}\n`,
    );
  } else {
    system.out(`${statusTable(result.observed.nodes)}\n\n${connectAdvice(result.placed, args.dir)}`);
  }
  return 0;
}

/** Which way, and why, in one line. */
function described({ kind, why }: Way): string {
  const how = kind === 'native' ? 'As plain processes' : 'In Docker Compose';
  return colors.dim(`${how}: ${why}.`);
}

/** How to connect, without a password on the screen or in a command line. */
function connectAdvice(placed: StackModel, dir: string): string {
  const folder = dir === '.' ? '' : `${dir}/`;
  return [
    `${colors.green('Ready.')} Look inside as the user app:`,
    `  create-redis-stack exec${dir === '.' ? '' : ` ${dir}`} -- ${placed.engine.cli}`,
    `The client module takes .env and ${folder}.redis-stack/run/env:`,
    `  node --env-file=${folder}.env --env-file=${folder}.redis-stack/run/env app.js`,
    '',
  ].join('\n');
}
