import { colors } from '../colors.ts';
import { type Consequence, describeConsequences } from '../plan/consequences/index.ts';
import { changesAnything, conflicts, describePlan, planToJson } from '../plan/describe.ts';
import { diffPlan } from '../plan/diff.ts';
import type { Change, Plan } from '../plan/types.ts';

/** What was decided, and what it means. */
export interface Outcome {
  readonly plan: Plan;
  readonly follows: readonly Consequence[];
  readonly live?: LiveOutcome | undefined;
}

/** What became of the running servers. */
export interface LiveOutcome {
  readonly ok: boolean;
  readonly lines: readonly string[];
  /** For programs. */
  readonly data: unknown;
}

interface Wanted {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
}

export function report(outcome: Outcome, { json, dryRun, diff }: Wanted): string {
  const { plan, follows, live } = outcome;
  if (json) {
    const shown = { written: !dryRun, plan: planToJson(plan), follows, ...(live ? { live: live.data } : {}) };
    return `${JSON.stringify(diff ? { ...shown, diff: diffPlan(plan) } : shown, null, 2)}\n`;
  }
  const running = live ? `${live.lines.join('\n')}\n` : '';
  if (!changesAnything(plan)) return unchanged(plan) + running;
  return [
    ...(diff ? [showDiff(plan)] : []),
    ...planLines(outcome),
    ...(dryRun ? ['', 'Nothing was written.'] : []),
    ...pending(plan),
    running,
  ].join('\n');
}

/** Nothing to do is still worth a word where a file is not as it would be. */
function unchanged(plan: Plan): string {
  const odd = plan.changes.filter(
    (c) => c.reason === 'deleted' || c.reason === 'retired' || c.reason === 'settled',
  );
  return `${['Everything follows from the spec already.', ...describePlan({ changes: odd })].join('\n')}\n`;
}

export function planLines({ plan, follows }: Outcome): readonly string[] {
  return [...describePlan(plan).map(coloured), ...describeConsequences(follows)];
}

const PAINT: Readonly<Record<string, (text: string) => string>> = {
  '+': colors.green,
  '-': colors.red,
  '!': colors.yellow,
  '=': colors.dim,
};

function coloured(line: string): string {
  return (PAINT[line.slice(0, 1)] ?? ((text: string) => text))(line);
}

/** Unified diffs, coloured as git does. */
export function showDiff(plan: Plan): string {
  const paint = (line: string) => {
    if (/^(---|\+\+\+) /.test(line)) return colors.bold(line);
    if (line.startsWith('@@')) return colors.cyan(line);
    if (line.startsWith('+')) return colors.green(line);
    return line.startsWith('-') ? colors.red(line) : line;
  };
  return diffPlan(plan)
    .map((patch) => patch.split('\n').map(paint).join('\n'))
    .join('\n');
}

function pending(plan: Plan): readonly string[] {
  const clashing = conflicts(plan);
  if (clashing.length === 0) return [];
  const [first] = clashing;
  return [
    '',
    colors.yellow('Left as they are, and pending until settled:'),
    ...clashing.map((c) => `  ${c.path}  (${why(c)})`),
    'What they would be is under .redis-stack/conflicts/. For each of them, one of:',
    `  update --ours ${first?.path}     keep yours where both changed it`,
    `  update --theirs ${first?.path}   take what is generated there; your other edits stay`,
    '  edit the file, then run update again',
  ];
}

function why({ reason, because }: Change): string {
  return reason === 'clash' ? because.replace(/^you and we changed /, '') : because;
}
