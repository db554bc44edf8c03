import type { Clash, Settle } from './types.ts';

/** A text of nested maps and lists, whatever language it is written in. */
export interface Tree {
  readonly kind: 'map' | 'list' | 'leaf';
  /** The value as plain data. */
  readonly data: unknown;
  /** As it is written, with the comments above it. */
  readonly text: string;
  /** A map by its keys; a list by what its items are told apart by, undefined where nothing does that. */
  readonly entries: ReadonlyMap<string, Tree> | undefined;
}

/** Keys, and the identities of list items. */
export type Path = readonly string[];

/** What has to be done to the user's text. */
export type Operation =
  | { readonly kind: 'take' | 'remove'; readonly path: Path }
  | { readonly kind: 'words'; readonly path: Path; readonly words: readonly unknown[] };

export interface Outcome {
  /** The data that the text must hold afterwards. */
  readonly merged: unknown;
  readonly operations: readonly Operation[];
  readonly clashes: readonly Clash[];
  /** Both sides changed a list whose items cannot be told apart: the structure has no answer. */
  readonly unsure: boolean;
}

interface Work {
  readonly settle: Settle | undefined;
  readonly operations: Operation[];
  readonly clashes: Clash[];
  unsure: boolean;
}

/** Key by key: the side that changed it; both sides at once is a clash, unless `settle` takes one. */
export function mergeTrees(pristine: Tree, current: Tree, next: Tree, settle?: Settle): Outcome {
  const work: Work = { settle, operations: [], clashes: [], unsure: false };
  const merged = mergeEntries({ p: pristine, c: current, n: next }, [], work);
  return { merged, ...work };
}

/** What tells the items of lists of maps apart in Compose, Kubernetes, Prometheus and package files. */
const IDENTITIES = [
  'alert',
  'record',
  'name',
  'id',
  'key',
  'target',
  'mountPath',
  'containerPort',
  'job_name',
  'job',
  'uses',
];

/** The identity of every item, undefined where an item has none or two have the same. */
export function identitiesOf(items: readonly unknown[]): readonly string[] | undefined {
  const ids = items.map(identityOf);
  const known = ids.filter((id) => id !== undefined);
  return known.length === ids.length && new Set(known).size === known.length ? known : undefined;
}

function identityOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const entries = new Map(Object.entries(item));
  const key = IDENTITIES.find((name) => ['string', 'number'].includes(typeof entries.get(name)));
  return key === undefined ? undefined : `${key}=${entries.get(key)}`;
}

interface Sides {
  readonly p: Tree | undefined;
  readonly c: Tree;
  readonly n: Tree;
}

function mergeEntries({ p, c, n }: Sides, path: Path, work: Work): unknown {
  const merged = new Map([...(c.entries ?? [])].map(([key, tree]) => [key, tree.data]));
  for (const key of new Set([...(p?.entries?.keys() ?? []), ...(n.entries?.keys() ?? [])])) {
    const sides = { p: p?.entries?.get(key), c: c.entries?.get(key), n: n.entries?.get(key) };
    const value = mergeEntry(sides, [...path, key], work);
    if (value === undefined) merged.delete(key);
    else merged.set(key, value);
  }
  return c.kind === 'list' ? [...merged.values()] : Object.fromEntries(merged);
}

interface Entry {
  readonly p: Tree | undefined;
  readonly c: Tree | undefined;
  readonly n: Tree | undefined;
}

const same = (a: Tree | undefined, b: Tree | undefined): boolean =>
  JSON.stringify(a?.data) === JSON.stringify(b?.data);

/** The value of an entry after the merge, undefined where it goes or stays away. */
function mergeEntry({ p, c, n }: Entry, path: Path, work: Work): unknown {
  if (same(p, n) || same(c, n)) return c?.data;
  // Down to the smallest thing that changed, so that comments and order of the user around it stay.
  if (c && n && c.text !== p?.text && haveEntries(p, c, n))
    return mergeEntries({ p: p?.kind === c.kind ? p : undefined, c, n }, path, work);
  if (same(c, p)) return take(n, path, work);
  if (!c) return undefined;
  if (!n) return c.data;
  return mergeValues({ p, c, n }, path, work);
}

function haveEntries(p: Tree | undefined, c: Tree, n: Tree): boolean {
  const known = c.entries && n.entries && (p === undefined || p.entries || p.kind !== c.kind);
  return Boolean(known) && c.kind === n.kind;
}

/** The entry becomes what we would write. */
function take(n: Tree | undefined, path: Path, work: Work): unknown {
  work.operations.push({ kind: n ? 'take' : 'remove', path });
  return n?.data;
}

/** Both sides changed the value, and it has no entries to go into. */
function mergeValues({ p, c, n }: Sides, path: Path, work: Work): unknown {
  const words = mergeWords(p?.data ?? [], c.data, n.data);
  if (words) {
    work.operations.push({ kind: 'words', path, words });
    return words;
  }
  if (work.settle === 'yours') return c.data;
  if (work.settle === 'generated') return take(n, path, work);
  if (c.kind === 'list' && n.kind === 'list' && !isWords(c.data)) work.unsure = true;
  work.clashes.push({ at: shown(path), pristine: show(p), current: show(c), next: show(n) });
  return c.data;
}

function shown(path: Path): string {
  return path.map((step, i) => (step.includes('=') ? `[${step}]` : i > 0 ? `.${step}` : step)).join('');
}

function show(tree: Tree | undefined): string {
  return tree === undefined ? '' : (JSON.stringify(tree.data) ?? '');
}

const isWords = (data: unknown): data is readonly unknown[] =>
  Array.isArray(data) && data.every((item) => typeof item !== 'object');

/** Lists of plain words: what we added and removed, laid over the user's list. */
function mergeWords(before: unknown, mine: unknown, after: unknown): readonly unknown[] | undefined {
  if (!isWords(before) || !isWords(mine) || !isWords(after)) return undefined;
  const removed = before.filter((word) => !after.includes(word));
  const added = after.filter((word) => !before.includes(word) && !mine.includes(word));
  // A word that both replaced by another one has two new values, as a key would.
  const theirs = mine.some((word) => !before.includes(word));
  if (theirs && added.length > 0 && removed.some((word) => !mine.includes(word))) return undefined;
  return [...mine.filter((word) => !removed.includes(word)), ...added];
}
