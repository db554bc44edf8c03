import { basename } from 'node:path';
import { parseSource, rememberSource, sourceOf } from '../migrate/foreign.ts';
import { runsAs, wouldRunAs } from '../migrate/ready-made.ts';
import { foreign } from '../migrate/routes/foreign.ts';
import { buildModel } from '../model/build.ts';
import { ProblemError, problem } from '../problem.ts';
import { withConnection } from '../redis/connection.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { stackFiles } from './migrate-files.ts';
import { lookBefore } from './migrate-look.ts';
import { agreed, carryOut, type MigrateArguments } from './migrate-run.ts';
import { newSpec } from './new-spec.ts';
import { printNotes } from './report.ts';
import { trustOf } from './trust.ts';

/** Takes the data of a server that is not of the stack into the stack, which must not run yet. */
export async function migrateFrom(
  system: System,
  args: MigrateArguments,
  { root, stored }: { readonly root: string; readonly stored: StackSpec },
): Promise<number> {
  const { spec, notes } = await newSpec(stored, args, basename(root));
  printNotes(system, notes, args.json);
  const after = buildModel(spec);
  if (await runsAs(system, root, buildModel(stored))) throw new ProblemError(isRunning(args.dir));
  const given = parseSource(args.from ?? '');
  const password = given.password || system.env.REDIS_SOURCE_PASSWORD || '';
  const trust = given.from.tls ? trustOf(system, args, 'migrate') : undefined;
  const { ca, own } = trust ?? {};
  const from = { ...given.from, ...(ca === undefined ? {} : { ca: 'source-ca.crt' }) };
  const source = sourceOf({ from, password, ca, own });
  const { host, port, credentials } = source;
  await expectAnswer(host, port, credentials);
  const kind = await wouldRunAs(system, root, after);
  if (kind === 'compose' && /^(127\.|localhost$|::1$)/.test(host)) throw new ProblemError(loopback(host));
  const look = await lookBefore(system, {
    root,
    before: undefined,
    after,
    kind,
    foreign: { at: { host, port }, credentials },
  });
  const steps = foreign(after);
  const words = { before: undefined, foreign: `${host}:${port}`, after, kind, steps, look };
  const code = await agreed(system, args, words);
  if (code !== undefined) return code;
  await stackFiles(system, root, { stored, before: undefined, after: spec }).secrets();
  await stackFiles(system, root, { stored, before: undefined, after: spec }).stage();
  rememberSource(system.files, root, { from, password, ca, own });
  return carryOut(system, args, {
    steps,
    task: { system, root, before: undefined, after, kind, from, source },
    stored,
  });
}

async function expectAnswer(
  host: string,
  port: number,
  credentials: ReturnType<typeof sourceOf>['credentials'],
) {
  try {
    await withConnection({ host, port }, credentials, (c) => c.call('PING'), 5000);
  } catch (error) {
    throw new ProblemError(
      problem(
        'migrate/no-answer',
        '--from',
        `${host}:${port} does not answer: ${(error as Error).message}.`,
        'Check the address, the user, REDIS_SOURCE_PASSWORD, and rediss:// with --ca where it speaks TLS.',
      ),
    );
  }
}

const isRunning = (dir: string) =>
  problem(
    'migrate/already-runs',
    dir,
    'This stack runs, and its data would be replaced by that of the other server.',
    'Run `down` first, or take the data into a new stack.',
  );

const loopback = (host: string) =>
  problem(
    'migrate/loopback',
    '--from',
    `${host} is another machine for each container: the new nodes could not reach it.`,
    'Give the address of this machine in its network.',
  );
