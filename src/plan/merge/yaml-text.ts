import { isCollection, isMap, type Node, type Pair, stringify, type YAMLMap, type YAMLSeq } from 'yaml';

/** Puts `text` where [from, to) was. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A pair of a map or an item of a list. */
export interface Unit {
  readonly value: Node | null;
  /** Where its key or its dash stands. */
  readonly at: number;
  /** The end of the line that holds its last character. */
  readonly end: number;
  /** Where the comments and blank lines above it begin. */
  readonly lead: number;
}

/** A map or a list with its text; the names are keys, or what tells the items apart. */
export interface Holder {
  readonly text: string;
  readonly node: YAMLMap | YAMLSeq;
  readonly units: ReadonlyMap<string, Unit>;
}

/** Later places first, so that earlier ones keep their offsets; insertions at one place in their order. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = splices
    .map((splice, i) => ({ splice, i }))
    .sort((a, b) => b.splice.from - a.splice.from || b.i - a.i);
  return ordered.reduce(
    (out, { splice }) => out.slice(0, splice.from) + splice.text + out.slice(splice.to),
    text,
  );
}

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Finds where each entry stands; `names` are those of the entries in their order. */
export function holderOf(text: string, node: YAMLMap | YAMLSeq, names: readonly string[]): Holder {
  const units = new Map<string, Unit>();
  let floor: number | undefined;
  node.items.forEach((item, i) => {
    const { at, value, last } = isMap(node) ? placeOfPair(item as Pair) : placeOfItem(text, item as Node);
    const end = contentEnd(text, at, last);
    units.set(names[i] ?? '', { value, at, end, lead: leadStart(text, at, floor) });
    floor = end;
  });
  return { text, node, units };
}

interface Found {
  readonly at: number;
  readonly value: Node | null;
  readonly last: number;
}

function placeOfPair({ key, value }: Pair): Found {
  const node = value as Node | null;
  const range = (key as Node).range;
  return { at: range?.[0] ?? 0, value: node, last: (node?.range ?? range)?.[1] ?? 0 };
}

function placeOfItem(text: string, item: Node): Found {
  const [from = 0, last = 0] = item.range ?? [];
  return { at: Math.max(0, text.lastIndexOf('-', from - 1)), value: item, last };
}

function contentEnd(text: string, from: number, last: number): number {
  let at = last;
  while (at > from && /\s/.test(text[at - 1] ?? '')) at -= 1;
  return lineEnd(text, Math.max(0, at - 1));
}

function leadStart(text: string, unitAt: number, floor: number | undefined): number {
  let at = lineStart(text, unitAt);
  while (at > (floor ?? at)) {
    const previous = lineStart(text, at - 1);
    if (!/^\s*(#.*)?$/.test(text.slice(previous, at).trimEnd())) break;
    at = previous;
  }
  return at;
}

const indentOf = (text: string, { at }: Unit): number => at - lineStart(text, at);

/** Where a unit's own text begins: its line, or, right behind a dash, the key itself. */
function ownStart(text: string, { at }: Unit): number {
  const line = lineStart(text, at);
  return text.slice(line, at).trim() === '' ? line : at;
}

/** Lines [from, unit.end) of our text at another indentation. */
function shifted(text: string, unit: Unit, from: number, indent: number): string {
  const raw = ' '.repeat(from === unit.at ? indentOf(text, unit) : 0) + text.slice(from, unit.end);
  const delta = indent - indentOf(text, unit);
  const lines = (raw.endsWith('\n') ? raw : `${raw}\n`).split('\n').slice(0, -1);
  const moved = lines.map((line) =>
    line.trim() === '' ? '' : delta >= 0 ? ' '.repeat(delta) + line : line.slice(-delta),
  );
  return `${moved.join('\n')}\n`;
}

/** Takes an entry away, with the comments above it. */
export function removeUnit({ lead, end }: Unit): Splice {
  return { from: lead, to: end, text: '' };
}

/** Our entry in place of the user's; the comments above it may be the user's and stay. */
export function replaceUnit(current: Holder, present: Unit, next: Holder, unit: Unit): Splice {
  const from = ownStart(current.text, present);
  const indent = indentOf(current.text, present);
  const text = shifted(next.text, unit, ownStart(next.text, unit), indent);
  return { from, to: present.end, text: from === present.at ? text.slice(indent) : text };
}

/** Our entry, with the comments above it, behind the neighbour that it follows in the new text. */
export function insertUnit(current: Holder, next: Holder, name: string, unit: Unit): Splice {
  const [first] = current.units.values();
  const indent = first ? indentOf(current.text, first) : indentOf(next.text, unit);
  const from = next.units.size > 0 && ownStart(next.text, unit) === unit.at ? unit.at : unit.lead;
  const at = placeFor(current, next, name, first);
  const glue = at > 0 && current.text[at - 1] !== '\n' ? '\n' : '';
  return { from: at, to: at, text: glue + shifted(next.text, unit, from, indent) };
}

function placeFor(current: Holder, next: Holder, name: string, first: Unit | undefined): number {
  const names = [...next.units.keys()];
  const before = names.slice(0, names.indexOf(name)).reverse();
  const neighbour = before.map((other) => current.units.get(other)).find((unit) => unit !== undefined);
  if (neighbour) return neighbour.end;
  return first ? ownStart(current.text, first) : (current.node.range?.[1] ?? current.text.length);
}

/** A list of words in place of the user's, in the style that the user's has. */
export function replaceWords({ text }: Holder, { value, end }: Unit, words: readonly unknown[]): Splice {
  const [from = 0, last = 0] = value?.range ?? [];
  const written = words.map((word) => stringify(word, { version: '1.1' }).trim());
  if (isCollection(value) && value.flow) return { from, to: last, text: `[${written.join(', ')}]` };
  const indent = ' '.repeat(from - lineStart(text, from));
  return { from, to: end, text: `${written.map((word) => `- ${word}`).join(`\n${indent}`)}\n` };
}
