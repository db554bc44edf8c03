import { isMap, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { accept, problem, type Result, refuse } from '../problem.ts';
import type { Tree, Values } from './types.ts';

/** The largest values file that is read, in characters; the charts' own have about 110 000. */
const LARGEST = 1_000_000;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. A `null` counts as not given: so Helm takes a default away. */
export function at(tree: Tree, path: string): unknown {
  let value: unknown = tree;
  for (const key of path.split('.')) {
    if (!isTree(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value ?? undefined;
}

/** Reads a values file as Helm does: YAML 1.1, where `yes` and `on` are true and `<<` merges. */
export function readValues(text: string, place: string): Result<Values> {
  if (text.length > LARGEST) return refuse(tooLarge(text.length, place));
  const counter = new LineCounter();
  const doc = parseDocument(withoutHeading(text), { version: '1.1', uniqueKeys: true, lineCounter: counter });
  const [error] = doc.errors;
  if (error) {
    const start = error.linePos?.[0];
    const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '.');
    return refuse(notYaml(text, start ? `${place}:${start.line}:${start.col}` : place, message));
  }
  const data = toData(doc);
  if (!data.ok) return refuse(notYaml(text, place, data.message));
  if (data.value !== null && !isTree(data.value)) return refuse(notAMapping(place, data.value));
  const root = isMap(doc.contents) ? doc.contents : undefined;
  return accept({
    tree: data.value ?? {},
    place,
    lineOf: (path) => lineOf(pairAt(root, path), counter),
    isBlock: (path) => {
      const value = pairAt(root, path)?.value;
      return isScalar(value) && value.type === 'BLOCK_LITERAL';
    },
  });
}

/** `helm get values` puts a heading above, unless it is asked for YAML. */
function withoutHeading(text: string): string {
  return text.replace(/^(USER-SUPPLIED|COMPUTED) VALUES:[ \t]*(?=\r?\n)/, '#');
}

function toData(doc: ReturnType<typeof parseDocument>) {
  try {
    return { ok: true, value: (doc.toJS({ maxAliasCount: 100 }) ?? null) as unknown } as const;
  } catch (cause) {
    return { ok: false, message: cause instanceof Error ? cause.message : String(cause) } as const;
  }
}

function pairAt(root: YAMLMap | undefined, path: readonly string[]): Pair | undefined {
  let map: unknown = root;
  let pair: Pair | undefined;
  for (const key of path) {
    pair = isMap(map)
      ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    if (!pair) return undefined;
    map = pair.value;
  }
  return pair;
}

function lineOf(pair: Pair | undefined, counter: LineCounter): number | undefined {
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  return start === undefined ? undefined : counter.linePos(start).line;
}

function tooLarge(length: number, place: string) {
  return problem(
    'import/too-large',
    place,
    `The file has ${length} characters.`,
    `A values file is smaller; ${LARGEST} is the most that is read.`,
  );
}

function notYaml(text: string, at: string, message: string) {
  const templated = /\{\{/.test(text);
  return problem(
    'import/not-yaml',
    at,
    message,
    templated
      ? 'There are template marks in it: give the file that the template prints.'
      : 'Mend the YAML at this place.',
  );
}

function notAMapping(place: string, value: unknown) {
  return problem(
    'import/not-a-mapping',
    place,
    `The file holds ${Array.isArray(value) ? 'a list' : 'one text'}, and values are a mapping of keys to values.`,
    'Give the values file of the chart, the one that `helm install --values` takes.',
  );
}
