import type { Action, Change, Plan } from './types.ts';

export const SIGNS: Readonly<Record<Action, string>> = {
  create: '+',
  update: '~',
  merge: 'm',
  conflict: '!',
  delete: '-',
  keep: '=',
};

/** The plan for people: a line a file that changes or that needs a word, and what is kept in one line. */
export function describePlan(plan: Pick<Plan, 'changes'>): readonly string[] {
  const shown = plan.changes.filter((c) => !isQuiet(c));
  const kept = plan.changes.length - shown.length;
  const width = Math.max(0, ...shown.map((c) => c.path.length));
  const lines = shown.map((c) => `${SIGNS[c.action]} ${c.path.padEnd(width)}  ${c.because}`);
  return kept > 0 ? [...lines, `= ${kept} file${kept === 1 ? '' : 's'} unchanged`] : lines;
}

/** True for a file about which there is nothing to say. */
function isQuiet(change: Change): boolean {
  return change.action === 'keep' && (change.reason === 'unchanged' || change.reason === 'seed');
}

/** The plan for programs; the texts of secrets never leave. */
export function planToJson(plan: Pick<Plan, 'changes'>) {
  return plan.changes.map(({ path, action, reason, because, ownership }) => ({
    path,
    action,
    reason,
    because,
    ownership,
  }));
}

export function conflicts(plan: Pick<Plan, 'changes'>): readonly Change[] {
  return plan.changes.filter((c) => c.action === 'conflict');
}

/** True when carrying out the plan would change a file. */
export function changesAnything(plan: Pick<Plan, 'changes'>): boolean {
  return plan.changes.some((c) => c.action !== 'keep');
}
