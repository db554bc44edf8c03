import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { leafPaths } from './fields.ts';
import { parseSpec } from './parse.ts';
import { printSpec } from './print.ts';
import type { StackSpec } from './types.ts';

/**
 * The user's `redis-stack.yaml` with only the changed values changed: comments, order and everything else stay.
 * `before` is the spec that the text gives now; a text that was never touched is printed anew.
 */
export function editSpecText(text: string, before: StackSpec, after: StackSpec): string {
  if (text === printSpec(before)) return printSpec(after);
  const doc = parseDocument(text, { version: '1.1' });
  if (doc.errors.length > 0) return printSpec(after);
  if (!differs(before, after)) return text;
  const missing = leafPaths().filter((path) => doc.getIn(path.split('.')) === undefined);
  // Also what has not changed: its default may follow from something that has.
  for (const path of leafPaths()) change(doc, path, before, after);
  leaveOutDefaults(doc, missing, after);
  return doc.toString({ lineWidth: 0 });
}

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** Gives a key its new value where that is another one, or where the text has none. */
function change(doc: Document, path: string, before: StackSpec, after: StackSpec): void {
  const keys = path.split('.');
  const value = at(after, path);
  const node = doc.getIn(keys, true);
  if (node === undefined) {
    if (value !== undefined) insert(doc, keys, after);
  } else if (value === undefined) doc.deleteIn(keys);
  else if (!differs(at(before, path), value)) return;
  else if (isScalar(node) && typeof value !== 'object') node.value = value;
  else doc.setIn(keys, doc.createNode(value));
}

/** The data without a key. An empty section may mean something else than none, so it goes as well, as it will in the text. */
function copyWithout(doc: Document, keys: readonly string[]): Record<string, unknown> {
  const data = doc.toJS({ maxAliasCount: -1 }) as Record<string, unknown>;
  const parent = keys.slice(0, -1).reduce<unknown>((node, key) => step(node, key), data) as
    | Record<string, unknown>
    | undefined;
  delete parent?.[keys.at(-1) ?? ''];
  if (parent !== undefined && Object.keys(parent).length === 0) delete data[keys[0] ?? ''];
  return data;
}

/** What the user did not write before and follows from the rest needs no line now either. */
function leaveOutDefaults(doc: Document, added: readonly string[], after: StackSpec): void {
  for (const path of added) {
    const keys = path.split('.');
    if (doc.getIn(keys, true) === undefined) continue;
    const without = copyWithout(doc, keys);
    const parsed = parseSpec(without, after.name);
    if (!parsed.ok || differs(parsed.value.spec, after)) continue;
    doc.deleteIn(keys);
    const map = keys.length > 1 ? doc.getIn(keys.slice(0, -1), true) : undefined;
    if (isMap(map) && map.items.length === 0) doc.deleteIn(keys.slice(0, -1));
  }
}

/** A key that is new goes behind the one that it follows in a printed spec. */
function insert(doc: Document, keys: readonly string[], after: StackSpec, depth = 0): void {
  const path = keys.slice(0, depth);
  const map = depth === 0 ? doc.contents : doc.getIn(path, true);
  const key = keys[depth] ?? '';
  if (!isMap(map)) return;
  if (depth < keys.length - 1 && isMap(map.get(key, true))) {
    insert(doc, keys, after, depth + 1);
    return;
  }
  const order = Object.keys(path.reduce<unknown>(step, after) as object);
  const before = order.slice(0, order.indexOf(key)).reverse();
  const names = map.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ''));
  const place = before.map((name) => names.indexOf(name)).find((index) => index >= 0) ?? -1;
  const inner = keys
    .slice(depth + 1)
    .reduceRight<unknown>((value, k) => ({ [k]: value }), at(after, keys.join('.')));
  map.items.splice(place + 1, 0, doc.createPair(key, inner));
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>(step, value);
}

function step(node: unknown, key: string): unknown {
  return (node as Record<string, unknown> | undefined)?.[key];
}
