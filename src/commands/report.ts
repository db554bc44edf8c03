import { colors } from '../colors.ts';
import { dataNodes, sentinelNodes } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import type { Problem } from '../problem.ts';
import type { ParsedSpec } from '../spec/parse.ts';
import type { System } from '../system.ts';
import { colouredProblem } from './problems.ts';

/** Warnings and notes, each with its remedy, on the error stream; programs get them in the JSON. */
export function printNotes(system: System, notes: readonly Problem[], json: boolean): void {
  if (notes.length > 0 && !json) system.err(`${notes.map(colouredProblem).join('\n')}\n`);
}

/** What was chosen, what was decided and why, and what to look out for. */
export function summary({ spec, decided }: ParsedSpec, notes: readonly Problem[]): string {
  const width = Math.max(0, ...decided.map((d) => d.path.length));
  const value = (v: unknown) => (Array.isArray(v) ? v.join(', ') : String(v));
  const lines = decided.map((d) => `  ${d.path.padEnd(width)}  ${value(d.value)}  ${colors.dim(d.why)}`);
  const topology = Object.entries(spec.topology)
    .filter(([key]) => key !== 'kind')
    .map(([key, n]) => (key === 'quorum' ? `quorum ${n}` : `${n} ${n === 1 ? key.replace(/s$/, '') : key}`));
  return [
    '',
    `${colors.bold(spec.name)}: ${spec.engine.name} ${spec.engine.version}, ${[spec.topology.kind, ...topology].join(', ')}, ${spec.memory.limit} a node, ${spec.memory.eviction}, persistence ${spec.persistence.mode}`,
    ...(lines.length > 0 ? [colors.bold('Decided for you:'), ...lines] : []),
    ...notes.map(colouredProblem),
    '',
  ].join('\n');
}

/** What was written and what to do next. */
export function createdReport(
  dir: string,
  model: StackModel,
  parsed: ParsedSpec,
  showDecided: boolean,
): string {
  const data = dataNodes(model.nodes).length;
  const watchers = sentinelNodes(model.nodes).length;
  const nodes = `${data} node${data === 1 ? '' : 's'}${watchers > 0 ? ` and ${watchers} Sentinels` : ''}`;
  const into = dir === '.' ? '' : ` ${dir}`;
  return [
    ...(showDecided ? [summary(parsed, [])] : []),
    `${colors.green('Wrote')} ${colors.bold(dir)}: ${model.engine.title} ${model.engine.version}, ${parsed.spec.topology.kind}, ${nodes}.`,
    '',
    `  npx create-redis-stack up${into}     ${colors.dim(whereItRuns(model))}`,
    '',
    `Passwords are in ${dir === '.' ? '' : `${dir}/`}.env, which git ignores. The README there says the rest.`,
    '',
  ].join('\n');
}

function whereItRuns({ spec, engine }: StackModel): string {
  const native = `with ${engine.server} on this machine`;
  return spec.targets.includes('compose') ? `in Docker; ${native} where no engine answers` : native;
}
