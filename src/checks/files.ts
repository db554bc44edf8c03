import { generate, planStack } from '../pipeline.ts';
import { merge } from '../plan/merge/index.ts';
import type { Change } from '../plan/types.ts';
import { type Problem, problem } from '../problem.ts';
import { type CheckContext, type Checker, type CheckResult, judge } from './types.ts';

/** Do the files follow from the spec? Edits of the user's own do not count as drift. */
export const files: Checker = {
  id: 'files',
  title: 'files follow from the spec',
  applies: () => true,
  run: async (context) => checkFiles(context),
};

function checkFiles({ system, root, model }: CheckContext): CheckResult {
  const generated = generate(model.spec);
  const plan = (adopt: boolean) =>
    planStack(system, root, generated, { merge, editSpec: (text) => text, adopt });
  const { changes, damage } = plan(false);
  // Without our records every file would look like a foreign one: what is said of them is what rebuilding would give.
  const looked = (damage.length > 0 ? plan(true).changes : changes).filter((c) => c.ownership !== 'secret');
  const edited = looked.filter(({ reason }) => reason === 'edited' || reason === 'settled').length;
  return judge(
    [...damage, ...looked.flatMap(findings)],
    `${looked.length} files, ${edited} with edits of your own`,
  );
}

function findings(change: Change): readonly Problem[] {
  if (change.action === 'keep') return [];
  const remedy =
    change.action === 'conflict'
      ? 'Run `update`, which says how to settle it.'
      : 'Run `create-redis-stack update`, or undo the change in redis-stack.yaml.';
  return [
    problem(
      `files/${change.action}`,
      change.path,
      `It is not what the spec gives (${change.because}).`,
      remedy,
    ),
  ];
}
