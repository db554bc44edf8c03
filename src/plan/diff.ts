import { createTwoFilesPatch } from 'diff';
import type { Change, Plan } from './types.ts';

/** What would change in each file, as unified diffs in the order of the plan; secrets are left out. */
export function diffPlan(plan: Plan): readonly string[] {
  return plan.changes.filter((c) => c.ownership !== 'secret' && c.action !== 'keep').map(diffChange);
}

function diffChange(change: Change): string {
  const { path, action, current = '', text = '' } = change;
  const after = action === 'delete' ? '' : text;
  const [from, to] = [action === 'create' ? '/dev/null' : `a/${path}`, toName(change)];
  const patch = createTwoFilesPatch(from, to, current, after, undefined, undefined, { context: 3 });
  // The separator line of the library says nothing that the names do not.
  return patch.replace(/^=+\n/, '');
}

function toName({ path, action }: Change): string {
  if (action === 'delete') return '/dev/null';
  return action === 'conflict' ? `.redis-stack/conflicts/${path}` : `b/${path}`;
}
