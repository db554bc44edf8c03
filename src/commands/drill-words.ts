import { colors } from '../colors.ts';
import { SCENARIOS } from '../local/drill/scenarios.ts';
import type { Circumstances, Promised, ScenarioResult } from '../local/drill/types.ts';
import type { RunningStack } from '../local/running.ts';
import type { StackModel } from '../model/types.ts';
import type { Choice } from './drill-choice.ts';

const HEAD = [
  'SCENARIO',
  'WRITE GAP',
  'READ GAP',
  'ACKNOWLEDGED',
  'LOST',
  'READY AFTER',
  'MAY LOSE',
  'PROMISE',
];
/** Columns of figures, which stand to the right. */
const FIGURES = new Set([1, 2, 3, 4, 5]);

/** The account of a drill for people. */
export function drillTable(results: readonly ScenarioResult[]): string {
  const rows = results.map((result) => [
    result.scenario,
    `${result.writeGapMs} ms`,
    `${result.readGapMs} ms`,
    String(result.acknowledged),
    String(result.lost),
    `${(result.readyMs / 1000).toFixed(1)} s`,
    mayLose(result.promised),
    result.kept ? 'kept' : 'broken',
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const print = (row: readonly string[]) =>
    row
      .map((cell, i) => (FIGURES.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const lines = results.flatMap((result, i) => [
    result.kept ? print(rows[i] ?? []) : colors.red(print(rows[i] ?? [])),
    ...result.notes.map((note) => `  ${note}`),
  ]);
  return [colors.dim(print(HEAD)), ...lines].join('\n');
}

/** The promise in two words. */
export function mayLose(promised: Promised): string {
  if (promised.loses === 'nothing') return 'nothing';
  if (promised.loses === 'anything') return 'anything';
  return `the last ${promised.withinMs / 1000} s${promised.atReturn ? ', and at its return' : ''}`;
}

/** What the drill is about to do, before it asks. */
export function intention(
  model: StackModel,
  { chosen, left }: Choice,
  { kind, rate }: { readonly kind: RunningStack['kind']; readonly rate: number },
): string {
  const where = kind === 'native' ? 'as plain processes' : 'in containers';
  const width = Math.max(...chosen.map(({ id }) => id.length));
  const prefix = `${model.spec.name}:drill:`;
  return [
    `${colors.bold(`This harms the stack ${model.spec.name}`)}, which runs here ${where} (${model.spec.topology.kind}):`,
    ...chosen.map(({ id, does }) => `  ${id.padEnd(width)}  ${does}`),
    ...left.map(({ id, why }) => colors.dim(`  ${id} is left out: ${why}`)),
    `Meanwhile it writes and reads ${rate} keys a second below ${prefix}; they are deleted at the end, and no others are touched.`,
    ...(model.spec.memory.eviction === 'noeviction'
      ? []
      : [
          `Where memory is full the servers evict keys (${model.spec.memory.eviction}), those of the drill as well; a missing key then proves nothing, and the account says so.`,
        ]),
    'Applications that use the stack will feel each failure. Whatever is stopped or frozen is given back, also on Ctrl-C.',
    '',
    '',
  ].join('\n');
}

/** All scenarios, with what this stack promises in each. */
export function scenarioTable(of: Circumstances, json: boolean): string {
  const rows = SCENARIOS.map((scenario) => ({
    ...scenario,
    why: scenario.lacks(of),
    promise: scenario.promised(of),
  }));
  if (json) {
    const scenarios = rows.map(({ id, title, does, why, promise }) => ({
      ...{ id, title, does },
      ...(why === undefined ? { promised: promise } : { leftOut: why }),
    }));
    return `${JSON.stringify({ scenarios }, null, 2)}\n`;
  }
  const lines = rows.flatMap(({ id, title, does, why, promise }) => [
    `${colors.bold(id)}: ${title}`,
    `  ${does}`,
    why === undefined ? `  may lose ${mayLose(promise)}: ${promise.why}` : `  left out: ${why}`,
  ]);
  return `${lines.join('\n')}\n`;
}

interface Ended {
  readonly kept: boolean;
  readonly stopped: boolean;
  readonly notRun: readonly string[];
}

export function closingWords({ kept, stopped, notRun }: Ended): string {
  const left = notRun.length > 0 ? ` Not practised: ${notRun.join(', ')}.` : '';
  if (stopped) return `Stopped. Everything was given back.${left}`;
  return kept
    ? `${colors.green('Every promise was kept.')}${left}`
    : `${colors.red('A promise was broken.')}${left}`;
}
