import { generate, planStack } from '../pipeline.ts';
import { merge } from '../plan/merge/index.ts';
import type { Change } from '../plan/types.ts';
import { type Problem, problem } from '../problem.ts';
import { type Checker, judge } from './types.ts';

/** Do the files follow from the spec? Edits of the user's own do not count as drift. */
export const files: Checker = {
  id: 'files',
  title: 'files follow from the spec',
  applies: () => true,
  run: async ({ system, root, model }) => {
    const { changes } = planStack(system, root, generate(model.spec), { merge, editSpec: (text) => text });
    const looked = changes.filter((change) => change.ownership !== 'secret');
    const edited = looked.filter((change) => change.because === 'your edits').length;
    return judge(looked.flatMap(findings), `${looked.length} files, ${edited} with edits of your own`);
  },
};

function findings(change: Change): readonly Problem[] {
  if (change.action === 'keep') return [];
  const remedy =
    change.action === 'conflict'
      ? 'Run `update`, take over what you want of the proposal, and run it again.'
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
