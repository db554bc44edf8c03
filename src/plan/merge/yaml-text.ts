import { isCollection, isScalar, type Node, type Pair, stringify, type YAMLMap } from 'yaml';

export interface Text {
  readonly text: string;
}

/** Puts `text` where [from, to) was. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
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

function keyStart(pair: Pair): number {
  return (pair.key as Node).range?.[0] ?? 0;
}

/** Where the content of a pair ends: the end of the line that holds its last character. */
function contentEnd({ text }: Text, pair: Pair): number {
  const value = pair.value as Node | null;
  const range = value?.range ?? (pair.key as Node).range;
  let at = range?.[1] ?? 0;
  while (at > keyStart(pair) && /\s/.test(text[at - 1] ?? '')) at -= 1;
  return lineEnd(text, Math.max(0, at - 1));
}

/** Where the comments and blank lines above a pair begin. */
function leadStart({ text }: Text, map: YAMLMap, pair: Pair): number {
  const index = map.items.indexOf(pair);
  const before = map.items[index - 1];
  let at = lineStart(text, keyStart(pair));
  const floor = before ? contentEnd({ text }, before) : at;
  while (at > floor) {
    const previous = lineStart(text, at - 1);
    if (!/^\s*(#.*)?$/.test(text.slice(previous, at).trimEnd())) break;
    at = previous;
  }
  return at;
}

function indentOf({ text }: Text, pair: Pair): number {
  return keyStart(pair) - lineStart(text, keyStart(pair));
}

/** A pair of the new text with the comments above it, at another indentation. */
function lift(next: Text, map: YAMLMap, pair: Pair, indent: number): string {
  const from = leadStart(next, map, pair);
  const raw = next.text.slice(from, contentEnd(next, pair));
  const delta = indent - indentOf(next, pair);
  const lines = (raw.endsWith('\n') ? raw : `${raw}\n`).split('\n').slice(0, -1);
  const shifted = lines.map((line) =>
    line.trim() === '' ? '' : delta >= 0 ? ' '.repeat(delta) + line : line.slice(-delta),
  );
  return `${shifted.join('\n')}\n`;
}

/** Takes a pair away, with the comments above it. */
export function removePair(current: Text, map: YAMLMap, pair: Pair): Splice {
  return { from: leadStart(current, map, pair), to: contentEnd(current, pair), text: '' };
}

interface Maps {
  readonly current: YAMLMap;
  readonly next: YAMLMap;
}

/** Our pair in place of the user's untouched one, or behind the neighbour that it follows in the new text. */
export function pairText(
  texts: { readonly current: Text; readonly next: Text },
  maps: Maps,
  present: Pair | undefined,
  pair: Pair,
): Splice {
  const sibling = present ?? maps.current.items[0];
  const indent = sibling ? indentOf(texts.current, sibling) : indentOf(texts.next, pair);
  if (present) {
    // The comments above a key that only changed its value may be the user's: they stay.
    const from = lineStart(texts.current.text, keyStart(present));
    const ours = lift(texts.next, maps.next, pair, indent);
    const lead = texts.next.text.slice(
      leadStart(texts.next, maps.next, pair),
      lineStart(texts.next.text, keyStart(pair)),
    );
    return {
      from,
      to: contentEnd(texts.current, present),
      text: ours
        .split('\n')
        .slice(lead.split('\n').length - 1)
        .join('\n'),
    };
  }
  const at = placeFor(texts.current, maps, pair);
  const glue = at > 0 && texts.current.text[at - 1] !== '\n' ? '\n' : '';
  return { from: at, to: at, text: glue + lift(texts.next, maps.next, pair, indent) };
}

function placeFor(current: Text, { current: map, next }: Maps, pair: Pair): number {
  const names = map.items.map(nameOf);
  const before = next.items.slice(0, next.items.indexOf(pair)).reverse();
  const neighbour = before.map((p) => map.items[names.indexOf(nameOf(p))]).find((p) => p !== undefined);
  if (neighbour) return contentEnd(current, neighbour);
  const first = map.items[0];
  return first ? lineStart(current.text, keyStart(first)) : (map.range?.[1] ?? current.text.length);
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

/** A list of words in place of the user's, in the style that the user's has. */
export function valueText(current: Text, pair: Pair, items: readonly { readonly item: unknown }[]): Splice {
  const value = pair.value as Node;
  const [from = 0, end = 0] = value.range ?? [];
  const words = items.map(({ item }) => stringify(item, { version: '1.1' }).trim());
  if (isCollection(value) && value.flow) return { from, to: end, text: `[${words.join(', ')}]` };
  const indent = from - lineStart(current.text, from);
  return {
    from,
    to: contentEnd(current, pair),
    text: `${words.map((word) => `- ${word}`).join(`\n${' '.repeat(indent)}`)}\n`,
  };
}
