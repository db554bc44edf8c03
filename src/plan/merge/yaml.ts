import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { mergeLines } from './lines.ts';
import { identitiesOf, mergeTrees, type Operation, type Path, type Tree } from './structure.ts';
import type { MergeResult, Settle } from './types.ts';
import {
  applySplices,
  type Holder,
  holderOf,
  insertUnit,
  removeUnit,
  replaceUnit,
  replaceWords,
  type Splice,
} from './yaml-text.ts';

/** A node as plain data that can be compared: aliases by name, maps as lists of entries in their order. */
function plain(node: unknown): unknown {
  if (isAlias(node)) return { alias: node.source };
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map(plain);
  if (isMap(node)) return Object.fromEntries(node.items.map((pair) => [keyOf(pair), plain(pair.value)]));
  return null;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : JSON.stringify(plain(pair.key));
}

const parseYaml = (text: string): Document.Parsed =>
  parseDocument(text, { version: '1.1', keepSourceTokens: false });

/**
 * Merges YAML by structure. Our changes are cut into the user's own text, so that formatting, comments and anchors stay.
 * Where the structure says yes and the text comes out as something else, the lines decide.
 */
export function mergeYaml(
  pristine: string,
  current: string,
  next: string,
  settle?: Settle | undefined,
): MergeResult {
  const byLines = () => mergeLines(pristine, current, next, settle);
  const docs = [pristine, current, next].map(parseYaml);
  const [p, c, n] = docs.map((doc) => doc.contents);
  if (docs.some((doc) => doc.errors.length > 0) || !isMap(p) || !isMap(c) || !isMap(n)) return byLines();
  const outcome = mergeTrees(asTree(pristine, p), asTree(current, c), asTree(next, n), settle);
  if (outcome.clashes.length > 0) {
    const lines = byLines();
    if (lines.ok && outcome.unsure && parseYaml(lines.text).errors.length === 0) return lines;
    return { ok: false, proposal: lines.ok ? lines.text : lines.proposal, clashes: outcome.clashes };
  }
  const splices = outcome.operations.flatMap((operation) =>
    splicesFor(operation, { text: current, node: c }, { text: next, node: n }),
  );
  const text = applySplices(current, splices);
  const result = parseYaml(text);
  const faithful = result.errors.length === 0 && sameSet(plain(result.contents), outcome.merged);
  return faithful && keepsOwnLines(pristine, current, text) ? { ok: true, text } : byLines();
}

/** A comment of the user inside of what we replace is no part of the structure, and must not go with it. */
function keepsOwnLines(pristine: string, current: string, text: string): boolean {
  const [ours, result] = [pristine, text].map((t) => new Set(t.split('\n').map((line) => line.trim())));
  return commentsOf(current).every((comment) => textHas(ours, comment) || textHas(result, comment));
}

/** Comments on lines of their own and behind values, as they are written. */
function commentsOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /(?:^|\s)(#.*)$/.exec(line)?.[1]?.trim() ?? []);
}

function textHas(lines: ReadonlySet<string> | undefined, comment: string): boolean {
  return lines !== undefined && [...lines].some((line) => line.endsWith(comment));
}

/** The order of keys, and of items that have a name, is the user's business, so it does not count. */
function sameSet(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return identitiesOf(value) ? items.map((item) => JSON.stringify(item)).sort() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, v]) => [key, sorted(v)]),
  );
}

type Collection = YAMLMap | YAMLSeq;

function asTree(text: string, node: Collection): Tree {
  return {
    kind: isMap(node) ? 'map' : 'list',
    data: plain(node),
    text: '',
    entries: entriesOf(text, node),
  };
}

/** The names of the entries in their order, undefined where there is no way to name them. */
function namesOf(node: Collection): readonly string[] | undefined {
  return isMap(node) ? node.items.map(keyOf) : identitiesOf(node.items.map(plain));
}

function entriesOf(text: string, node: Collection): Tree['entries'] {
  const names = namesOf(node);
  if (!names) return undefined;
  const { units } = holderOf(text, node, names);
  return new Map(
    [...units].map(([name, { value, lead, end }]) => [name, entryTree(text, value, text.slice(lead, end))]),
  );
}

function entryTree(text: string, value: Node | null, written: string): Tree {
  if (isMap(value) || isSeq(value)) return { ...asTree(text, value), text: written };
  return { kind: 'leaf', data: plain(value), text: written, entries: undefined };
}

interface Written {
  readonly text: string;
  readonly node: Collection;
}

/** The map or list that holds the last step of a path. */
function holderAt({ text, node }: Written, path: Path): Holder | undefined {
  const names = namesOf(node);
  if (!names) return undefined;
  const holder = holderOf(text, node, names);
  const [step = '', ...rest] = path;
  if (rest.length === 0) return holder;
  const value = holder.units.get(step)?.value;
  return isMap(value) || isSeq(value) ? holderAt({ text, node: value }, rest) : undefined;
}

function splicesFor(operation: Operation, current: Written, next: Written): readonly Splice[] {
  const { path } = operation;
  const name = path.at(-1) ?? '';
  const [mine, ours] = [holderAt(current, path), holderAt(next, path)];
  const present = mine?.units.get(name);
  const unit = ours?.units.get(name);
  if (mine && present && operation.kind === 'words') return [replaceWords(mine, present, operation.words)];
  if (present && operation.kind === 'remove') return [removeUnit(present)];
  if (!mine || !ours || !unit) return [];
  return [present ? replaceUnit(mine, present, ours, unit) : insertUnit(mine, ours, name, unit)];
}
