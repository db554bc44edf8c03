import {
  applyEdits,
  findNodeAtLocation,
  type JSONPath,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
} from 'jsonc-parser';
import { mergeLines } from './lines.ts';
import { identitiesOf, mergeTrees, type Operation, type Path, type Tree } from './structure.ts';
import type { MergeResult, Settle } from './types.ts';

const FORMATTING = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } };

/**
 * Merges JSON by structure; our changes are cut into the user's own text, so that its formatting and comments stay.
 * What is no JSON is merged by lines.
 */
export function mergeJson(
  pristine: string,
  current: string,
  next: string,
  settle?: Settle | undefined,
): MergeResult {
  const [p, c, n] = [pristine, current, next].map(treeOf);
  const byLines = () => mergeLines(pristine, current, next, settle);
  if (p?.kind !== 'map' || c?.kind !== 'map' || n?.kind !== 'map') return byLines();
  const outcome = mergeTrees(p, c, n, settle);
  if (outcome.clashes.length > 0) {
    const lines = byLines();
    if (lines.ok && outcome.unsure && treeOf(lines.text)) return lines;
    return { ok: false, proposal: lines.ok ? lines.text : lines.proposal, clashes: outcome.clashes };
  }
  return {
    ok: true,
    text: outcome.operations.reduce((text, operation) => applied(text, next, n, operation), current),
  };
}

/** Undefined where the text is no JSON. */
function treeOf(text: string): Tree | undefined {
  const errors: ParseError[] = [];
  const node = parseTree(text, errors, { allowTrailingComma: true });
  return node && errors.length === 0 ? asTree(text, node) : undefined;
}

function asTree(text: string, node: Node): Tree {
  const written = text.slice(node.offset, node.offset + node.length);
  const data: unknown = parse(written, [], { allowTrailingComma: true });
  const base = { data, text: written };
  if (node.type === 'object') return { ...base, kind: 'map', entries: propertiesOf(text, node) };
  if (node.type === 'array')
    return { ...base, kind: 'list', entries: itemsOf(text, node, data as unknown[]) };
  return { ...base, kind: 'leaf', entries: undefined };
}

function propertiesOf(text: string, node: Node): ReadonlyMap<string, Tree> {
  return new Map(
    (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
      key && value ? [[String(key.value), asTree(text, value)] as const] : [],
    ),
  );
}

function itemsOf(text: string, node: Node, data: readonly unknown[]): Tree['entries'] {
  const ids = identitiesOf(data);
  const items = node.children ?? [];
  return ids && new Map(items.map((item, i) => [ids[i] ?? '', asTree(text, item)]));
}

/** The user's text after one operation. */
function applied(text: string, nextText: string, next: Tree, operation: Operation): string {
  const { path } = operation;
  const tree = treeOf(text);
  if (!tree) return text;
  const place = locate(tree, path);
  if (operation.kind === 'words') return edit(text, place.path, operation.words);
  if (operation.kind === 'remove') return edit(text, place.path, undefined);
  const source = parseTree(nextText);
  const value = source && findNodeAtLocation(source, locate(next, path).path);
  const taken: unknown = value && parse(nextText.slice(value.offset, value.offset + value.length));
  return edit(text, place.path, taken, { ...place, behind: neighbours(next, path) });
}

interface Place {
  readonly path: JSONPath;
  /** The names beside it in the user's text. */
  readonly siblings: readonly string[];
  readonly isItem: boolean;
}

/** A path of names as one of keys and positions; what is not there goes behind the last. */
function locate(tree: Tree, path: Path): Place {
  const out: (string | number)[] = [];
  let at: Tree | undefined = tree;
  let siblings: readonly string[] = [];
  let isItem = false;
  for (const step of path) {
    siblings = [...(at?.entries?.keys() ?? [])];
    const index = siblings.indexOf(step);
    isItem = at?.kind === 'list';
    out.push(isItem ? (index < 0 ? siblings.length : index) : step);
    at = at?.entries?.get(step);
  }
  return { path: out, siblings, isItem };
}

/** The names before an entry in our text, nearest first. */
function neighbours(next: Tree, path: Path): readonly string[] {
  const { siblings } = locate(next, path);
  return siblings.slice(0, siblings.indexOf(path.at(-1) ?? '')).reverse();
}

function edit(
  text: string,
  path: JSONPath,
  value: unknown,
  place?: Place & { readonly behind: readonly string[] },
): string {
  const neighbour = place?.behind.find((name) => place.siblings.includes(name));
  const isNewItem = place?.isItem === true && path.at(-1) === place.siblings.length;
  const options = {
    ...FORMATTING,
    ...(isNewItem ? { isArrayInsertion: true } : {}),
    getInsertionIndex: (properties: string[]) => (neighbour ? properties.indexOf(neighbour) + 1 : 0),
  };
  return applyEdits(text, modify(text, path, value, options));
}
