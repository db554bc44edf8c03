import { distance } from 'fastest-levenshtein';
import { accept, type Problem, problem, type Result, refuse } from '../problem.ts';
import { CHART_DEFAULTS } from './defaults.ts';
import { type Leaf, leavesOf } from './leaves.ts';
import { at, isTree } from './read.ts';
import { entryFor } from './table.ts';
import { CHARTS, type Chart, type Tree, type Values } from './types.ts';

export interface Recognised {
  readonly chart: Chart;
  /** The keys that show it, or `--chart`. */
  readonly by: readonly string[];
}

/** The first part of each key of a chart. */
const SECTIONS = new Map(CHARTS.map((chart) => [chart, new Set(Object.keys(CHART_DEFAULTS[chart]))]));
const KEYS = new Map(
  CHARTS.map((chart) => [chart, new Set(leavesOf(CHART_DEFAULTS[chart]).map(({ key }) => key))]),
);

/** Whose values are these? `asked` is what the user says, which is believed. */
export function recognise(values: Values, asked: Chart | undefined): Result<Recognised> {
  const leaves = leavesOf(values.tree);
  const old = olderLayout(values);
  if (old) return refuse(old);
  if (asked !== undefined) return accept({ chart: asked, by: ['--chart'] });
  if (leaves.length === 0) return refuse(whichChart(values.place, 'The file gives no values.'));
  const foreign = foreignImage(values);
  if (foreign) return refuse(foreign);
  const unknown = leaves.filter(({ key }) => !isKnown(key));
  if (unknown.length * 2 > leaves.length) return refuse(below(values) ?? anotherChart(values, unknown));
  return choose(values, leaves);
}

function isKnown(key: string): boolean {
  return entryFor(key) !== undefined && CHARTS.some((chart) => SECTIONS.get(chart)?.has(firstPart(key)));
}

function firstPart(key: string): string {
  return key.split('.', 1)[0] ?? key;
}

/** The chart that has most of the keys; where two have as many, the one for Redis. */
function choose(values: Values, leaves: readonly Leaf[]): Result<Recognised> {
  const scores = CHARTS.map((chart) => ({ chart, score: score(values.tree, chart, leaves) }));
  const best = Math.max(...scores.map((s) => s.score));
  const tied = scores.filter((s) => s.score === best).map((s) => s.chart);
  const kinds = new Set(tied.map((chart) => chart.endsWith('-cluster')));
  if (kinds.size > 1) {
    return refuse(whichChart(values.place, 'The charts with and without a cluster both have these keys.'));
  }
  const chart = tied[0] ?? 'redis';
  const others = tied.length > 1 ? tied : [chart];
  const shows = leaves.filter(({ key }) => isOnlyIn(key, others)).map(({ key }) => firstPart(key));
  return accept({ chart, by: [...new Set(shows)].slice(0, 5) });
}

function isOnlyIn(key: string, charts: readonly Chart[]): boolean {
  const having = CHARTS.filter(
    (chart) => KEYS.get(chart)?.has(key) || SECTIONS.get(chart)?.has(firstPart(key)),
  );
  return having.length < CHARTS.length && having.every((chart) => isSameKind(chart, charts[0]));
}

const isSameKind = (a: Chart, b: Chart | undefined) => a.endsWith('-cluster') === b?.endsWith('-cluster');

function score(tree: Tree, chart: Chart, leaves: readonly Leaf[]): number {
  const known = leaves.filter(({ key }) => KEYS.get(chart)?.has(key)).length;
  const sections = Object.keys(tree).filter((name) => SECTIONS.get(chart)?.has(name)).length;
  const image = imageName(tree);
  const named =
    image === undefined ? 0 : image === chart ? 3 : image === chart.replace('-cluster', '') ? 1 : 0;
  return known + 2 * sections + named;
}

/** The last part of `image.repository`. */
function imageName(tree: Tree): string | undefined {
  const repository = at(tree, 'image.repository');
  return typeof repository === 'string' && repository !== '' ? repository.split('/').at(-1) : undefined;
}

function foreignImage(values: Values): Problem | undefined {
  const image = imageName(values.tree);
  if (image === undefined || /redis|valkey|keydb/i.test(image)) return undefined;
  return problem(
    'import/another-chart',
    where(values, ['image', 'repository']),
    `The image is ${JSON.stringify(image.slice(0, 60))}, which is no Redis and no Valkey.`,
    'Give the values of a Bitnami redis, redis-cluster, valkey or valkey-cluster chart; --chart says which, if it is one.',
  );
}

/** Values of an application that has the chart below itself: `redis: {architecture: …}`. */
function below(values: Values): Problem | undefined {
  const found = Object.entries(values.tree).find(
    ([name, value]) => /redis|valkey/i.test(name) && isTree(value) && looksLikeValues(value),
  );
  if (!found) return undefined;
  const [name] = found;
  return problem(
    'import/below-a-key',
    where(values, [name]),
    `The values of the chart stand below '${name.slice(0, 60)}', among those of another.`,
    `Give that part alone: yq '.${name.slice(0, 60)}' ${values.place} | create-redis-stack import - shop`,
  );
}

function looksLikeValues(tree: Tree): boolean {
  const leaves = leavesOf(tree);
  return leaves.length > 0 && leaves.filter(({ key }) => isKnown(key)).length * 2 > leaves.length;
}

function anotherChart(values: Values, unknown: readonly Leaf[]): Problem {
  const first = unknown[0]?.path ?? [];
  const some = [...new Set(unknown.map(({ key }) => firstPart(key)))].slice(0, 3).join(', ').slice(0, 100);
  return problem(
    'import/another-chart',
    where(values, first),
    `Most keys of this file are none of a Bitnami redis or valkey chart (${some}).`,
    'Give the values of such a chart; --chart redis (redis-cluster, valkey, valkey-cluster) if it is one all the same.',
  );
}

/** Up to release 13 the chart had `slave` and `cluster.slaveCount`. */
function olderLayout(values: Values): Problem | undefined {
  const old = [['slave'], ['cluster', 'slaveCount'], ['cluster', 'enabled']].find(
    (path) => at(values.tree, path.join('.')) !== undefined,
  );
  if (!old) return undefined;
  return problem(
    'import/old-layout',
    where(values, old),
    `'${old.join('.')}' is a key of chart redis before release 14, and later releases ignore it.`,
    'Write the values as the chart has them since: architecture and replica in place of cluster and slave, auth in place of usePassword.',
  );
}

function whichChart(place: string, message: string): Problem {
  return problem(
    'import/which-chart',
    place,
    message,
    `Say which chart it is for: --chart ${CHARTS.join(', ')}.`,
  );
}

/** `values.yaml:12: master.count`, for messages. */
export function where(values: Values, path: readonly string[]): string {
  const line = values.lineOf(path);
  const key = path.join('.').slice(0, 100);
  return `${values.place}${line === undefined ? '' : `:${line}`}${key === '' ? '' : `: ${key}`}`;
}

/** A slip of the pen: so many letters at most are other ones. */
const SLIP = 3;

/** The key of the chart that an unknown one was probably meant to be. */
export function meantKey(key: string, chart: Chart): string | undefined {
  const ranked = [...(KEYS.get(chart) ?? [])]
    .map((candidate) => ({ candidate, edits: distance(key.slice(0, 100), candidate) }))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0] && ranked[0].edits <= SLIP ? ranked[0].candidate : undefined;
}
