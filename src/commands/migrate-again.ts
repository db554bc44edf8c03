import { rememberedSource } from '../migrate/foreign.ts';
import type { JournalData } from '../migrate/journal.ts';
import { routeOf } from '../migrate/route.ts';
import { foreign } from '../migrate/routes/foreign.ts';
import { canTurnBack } from '../migrate/run.ts';
import type { Step } from '../migrate/step.ts';
import { buildModel } from '../model/build.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { parseSpec } from '../spec/parse.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { carryOut, type MigrateArguments } from './migrate-run.ts';

export interface Left {
  readonly root: string;
  readonly stored: StackSpec;
  readonly left: JournalData | undefined;
}

/** Goes on where an earlier run has stopped, or takes back what it did. */
export async function continueMigration(
  system: System,
  args: MigrateArguments,
  { root, stored, left }: Left,
): Promise<number> {
  if (args.resume && args.rollback) throw new ProblemError(both());
  if (left === undefined) throw new ProblemError(nothingLeft(args));
  if (left.back && args.resume) throw new ProblemError(turningBack());
  const before = left.before && modelOf(left.before);
  const after = modelOf(left.after);
  const steps = before ? (routeOf(before, after)?.steps ?? []) : foreign(after);
  if (args.rollback && !canTurnBack(left, steps)) throw new ProblemError(tooLate(steps));
  return carryOut(system, args, {
    steps,
    task: {
      system,
      root,
      before,
      after,
      kind: left.kind,
      from: left.from,
      source: left.from && rememberedSource(system.files, root, left.from),
    },
    stored,
    back: args.rollback,
  });
}

const modelOf = (spec: Readonly<Record<string, unknown>>) =>
  buildModel(expectValue(parseSpec(spec, 'stack')).spec);

const nothingLeft = ({ resume }: MigrateArguments) =>
  problem(
    'migrate/nothing-left',
    resume ? '--resume' : '--rollback',
    'No migration of this stack is under way.',
    'Begin one with `migrate`.',
  );

const both = () =>
  problem(
    'migrate/either',
    '--resume --rollback',
    'These are the two ways on; only one can be gone.',
    'Give one of them.',
  );

const turningBack = () =>
  problem(
    'migrate/turning-back',
    '--resume',
    'This migration is being rolled back already.',
    'Bring that to its end with `migrate --rollback`; then migrate again.',
  );

function tooLate(steps: readonly Step[]) {
  const last = steps.find(({ final }) => final);
  return problem(
    'migrate/too-late',
    '--rollback',
    `"${last?.title}" has begun; from there on there is no way back.`,
    'Go on with `migrate --resume`. To return, migrate to the old topology afterwards.',
  );
}
