import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { mergeLines } from './lines.ts';
import type { Clash, MergeResult } from './types.ts';
import { applySplices, pairText, removePair, type Splice, type Text, valueText } from './yaml-text.ts';

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

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

interface Trees {
  readonly pristine: YAMLMap | undefined;
  readonly current: YAMLMap;
  readonly next: YAMLMap;
}

interface Work {
  readonly current: Text;
  readonly next: Text;
  readonly splices: Splice[];
  readonly clashes: Clash[];
}

/**
 * Merges YAML by structure. Our changes are cut into the user's own text, so that formatting, comments and anchors stay.
 * Where the structure says yes and the text comes out as something else, the lines decide.
 */
export function mergeYaml(pristine: string, current: string, next: string): MergeResult {
  const docs = [pristine, current, next].map((text) =>
    parseDocument(text, { version: '1.1', keepSourceTokens: false }),
  );
  const [p, c, n] = docs.map((doc) => doc.contents);
  if (docs.some((doc) => doc.errors.length > 0) || !isMap(p) || !isMap(c) || !isMap(n))
    return mergeLines(pristine, current, next);
  const work: Work = { current: { text: current }, next: { text: next }, splices: [], clashes: [] };
  const expected = mergeMaps({ pristine: p, current: c, next: n }, '', work);
  if (work.clashes.length > 0) return asLines(pristine, current, next, work.clashes);
  const text = applySplices(current, work.splices);
  const result = parseDocument(text, { version: '1.1' });
  const faithful = result.errors.length === 0 && sameSet(plain(result.contents), expected);
  return faithful && keepsOwnLines(pristine, current, text)
    ? { ok: true, text }
    : mergeLines(pristine, current, next);
}

/** A comment of the user inside of what we replace is no part of the structure, and must not go with it. */
function keepsOwnLines(pristine: string, current: string, text: string): boolean {
  const [ours, result] = [pristine, text].map((t) => new Set(t.split('\n').map((line) => line.trim())));
  return current.split('\n').every((line) => ours?.has(line.trim()) || result?.has(line.trim()));
}

/** Key order is the user's business, so it does not count. */
function sameSet(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, v]) => [key, sorted(v)]),
  );
}

/** The clashes are those of the structure; the proposal to read is the one by lines. */
function asLines(pristine: string, current: string, next: string, clashes: readonly Clash[]): MergeResult {
  const lines = mergeLines(pristine, current, next);
  return { ok: false, proposal: lines.ok ? lines.text : lines.proposal, clashes };
}

function mergeMaps({ pristine, current, next }: Trees, path: string, work: Work): Record<string, unknown> {
  const merged = plain(current) as Record<string, unknown>;
  const keys = new Set([...(pristine?.items ?? []), ...next.items].map(keyOf));
  for (const key of keys) {
    const at = path ? `${path}.${key}` : key;
    const value = mergeKey({ pristine, current, next }, key, at, work);
    if (value === undefined) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

const pairAt = (map: YAMLMap | undefined, key: string): Pair | undefined =>
  map?.items.find((pair) => keyOf(pair) === key);

/** The value of a key after the merge, undefined where the key goes or stays away. */
function mergeKey({ pristine, current, next }: Trees, key: string, at: string, work: Work): unknown {
  const [p, c, n] = [pairAt(pristine, key), pairAt(current, key), pairAt(next, key)];
  const [pv, cv, nv] = [p, c, n].map((pair) => pair && plain(pair.value));
  if (same(pv, nv) || same(cv, nv)) return cv;
  if (same(cv, pv)) return takeOurs({ pristine, current, next }, { c, n }, work);
  if (!c) return undefined;
  if (!n) return cv;
  if (isMap(c.value) && isMap(n.value)) {
    return mergeMaps(
      { pristine: isMap(p?.value) ? p.value : undefined, current: c.value, next: n.value },
      at,
      work,
    );
  }
  const list = mergeLists(p?.value, c.value, n.value);
  if (list) {
    work.splices.push(
      valueText(
        work.current,
        c,
        list.map((item) => ({ item, text: JSON.stringify(item) })),
      ),
    );
    return list;
  }
  work.clashes.push({ at, pristine: show(pv), current: show(cv), next: show(nv) });
  return cv;
}

function show(value: unknown): string {
  return value === undefined ? '' : (JSON.stringify(value) ?? '');
}

interface Pairs {
  readonly c: Pair | undefined;
  readonly n: Pair | undefined;
}

/** The user has not touched this key: it becomes what we would write. */
function takeOurs({ current, next }: Trees, { c, n }: Pairs, work: Work): unknown {
  if (c && !n) {
    work.splices.push(removePair(work.current, current, c));
    return undefined;
  }
  if (n) work.splices.push(pairText(work, { current, next }, c, n));
  return n && plain(n.value);
}

/** Lists of plain words: what we added and removed, laid over the user's list. */
function mergeLists(p: unknown, c: unknown, n: unknown): readonly unknown[] | undefined {
  const lists = [p ?? [], c, n].map((node) =>
    Array.isArray(node) ? node : isSeq(node) ? node.items.map(plain) : undefined,
  );
  const [before, mine, after] = lists;
  if (
    !before ||
    !mine ||
    !after ||
    [before, mine, after].some((list) => list.some((item) => typeof item === 'object'))
  )
    return undefined;
  const removed = before.filter((item) => !after.includes(item));
  const added = after.filter((item) => !before.includes(item) && !mine.includes(item));
  return [...mine.filter((item) => !removed.includes(item)), ...added];
}

export type { Node };
