import { colors } from '../colors.ts';
import { inWords } from '../migrate/look/index.ts';
import type { Step } from '../migrate/step.ts';
import type { Ground } from '../migrate/types.ts';
import { dataNodes, sentinelNodes } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import type { Look } from './migrate-look.ts';
import { colouredProblem } from './problems.ts';

export interface Words {
  readonly before: StackModel | undefined;
  /** A server that is not of this stack, as host:port. */
  readonly foreign?: string;
  readonly after: StackModel;
  readonly kind: Ground['kind'];
  readonly steps: readonly Step[];
  readonly look: Look;
}

/** The plan for people: what is done, how long it takes, what pauses, the way back, what stands in the way. */
export function planWords(words: Words): string {
  const { before, foreign, after, kind, steps, look } = words;
  const from = before ? describeStack(before) : `the server at ${foreign ?? '?'}`;
  const way = kind === 'native' ? 'as plain processes' : 'in Docker Compose';
  return [
    colors.bold(`${after.spec.name}: ${from} → ${describeStack(after)}, ${way}`),
    `${look.keys.toLocaleString('en')} keys, ${megabytes(look.bytes)} of memory`,
    '',
    ...steps.flatMap((step, i) => [
      `  ${String(i + 1).padStart(2)}. ${step.title}${step.final && isFirstFinal(step, steps) ? colors.yellow('  no way back from here') : ''}`,
      colors.dim(`      ${step.about}`),
      ...(step.pause ? [colors.dim(`      pause: ${step.pause}`)] : []),
    ]),
    '',
    ...durations(look),
    wayBack(steps),
    ...(look.warnings.length > 0 ? ['', ...look.warnings.map(colouredProblem)] : []),
    ...(look.stops.length > 0 ? ['', ...look.stops.map(colouredProblem)] : []),
    ...(look.otherTools.length > 0 ? ['', ...look.otherTools] : []),
    '',
  ].join('\n');
}

const isFirstFinal = (step: Step, steps: readonly Step[]): boolean =>
  steps.find(({ final }) => final) === step;

function durations({ estimate }: Look): readonly string[] {
  const { copySeconds, growSeconds, slotsSeconds } = estimate;
  const parts = [
    ['copy', copySeconds],
    ['new replicas', growSeconds],
    ['slots', slotsSeconds],
  ] as const;
  const shown = parts.filter(([, span]) => span.high > 0).map(([what, span]) => `${what} ${inWords(span)}`);
  return shown.length > 0
    ? [`Takes: ${shown.join(', ')}, on a machine like the one these rates were measured on.`]
    : [];
}

function wayBack(steps: readonly Step[]): string {
  const last = steps.find(({ final }) => final);
  return last
    ? `The way back: \`migrate --rollback\`, until "${last.title}" begins.`
    : 'The way back: `migrate --rollback`, at any time before it has ended.';
}

function describeStack({ spec, engine, nodes }: StackModel): string {
  const data = dataNodes(nodes);
  const shards = new Set(data.map(({ shard }) => shard)).size;
  const watchers = sentinelNodes(nodes).length;
  const counts = [
    ...(shards > 1 ? [`${shards} shards`] : []),
    ...(data.length > 1 ? [`${data.length} nodes`] : []),
    ...(watchers > 0 ? [`${watchers} Sentinels`] : []),
  ];
  const size = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  return `${spec.topology.kind}${size} on ${engine.title} ${engine.version}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The last words. */
export function leftWords(outcome: string, dir: string): string {
  const into = dir === '.' ? '' : ` ${dir}`;
  if (outcome === 'done')
    return `${colors.green('Done.')} Applications that use another client than the emitted one: see README.md for the new addresses. \`status${into}\` shows the nodes.\n`;
  if (outcome === 'rolled-back')
    return `${colors.green('Rolled back.')} The stack is as it was, with every write since.\n`;
  return `Stopped between two steps; nothing is lost. Go on with \`migrate${into} --resume\`, or undo it with \`migrate${into} --rollback\`.\n`;
}
