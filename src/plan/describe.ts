import type { Action, Change, Plan } from './types.ts';

const SIGNS: Readonly<Record<Action, string>> = {
  create: '+',
  update: '~',
  merge: 'm',
  conflict: '!',
  delete: '-',
  keep: '=',
};

/** The plan for people: a line a file that changes, and what is kept in one line. */
export function describePlan(plan: Plan): readonly string[] {
  const shown = plan.changes.filter((c) => c.action !== 'keep' || !quiet(c));
  const kept = plan.changes.length - shown.length;
  const width = Math.max(0, ...shown.map((c) => c.path.length));
  const lines = shown.map((c) => `${SIGNS[c.action]} ${c.path.padEnd(width)}  ${c.because}`);
  return kept > 0 ? [...lines, `= ${kept} file${kept === 1 ? '' : 's'} unchanged`] : lines;
}

function quiet(change: Change): boolean {
  return change.because === 'unchanged';
}

/** The plan for programs; the texts of secrets never leave. */
export function planToJson(plan: Plan) {
  return plan.changes.map(({ path, action, because, ownership }) => ({ path, action, because, ownership }));
}

export function conflicts(plan: Plan): readonly Change[] {
  return plan.changes.filter((c) => c.action === 'conflict');
}

/** True when carrying out the plan would change a file. */
export function changesAnything(plan: Plan): boolean {
  return plan.changes.some((c) => c.action !== 'keep');
}
