import { CHART_ENTRIES } from './table-chart.ts';
import type { Entry } from './table-entries.ts';
import { NODE_ENTRIES } from './table-nodes.ts';

/**
 * Words of a pattern. `@data.` is a section of data nodes, or nothing: the cluster charts have some of it at the top.
 * `@pod.` is any section that describes a container. `*` is one part of a path, `**` all that is below.
 */
const WORDS: Readonly<Record<string, string>> = {
  '@data.': '(?:(?:master|primary|replica|redis|valkey)\\.)?',
  '@pod.':
    '(?:(?:master|primary|replica|redis|valkey|sentinel|metrics|kubectl|volumePermissions|sysctl|sysctlImage)\\.)?',
  '@node.': '(?:master|primary|replica|redis|valkey)\\.',
  '@engine': '(?:redis|valkey)',
  '**': '.+',
  '*': '[^.]+',
  '.': '\\.',
};

function compile(pattern: string): RegExp {
  const source = pattern.replace(/@data\.|@pod\.|@node\.|@engine|\*\*|\*|\./g, (word) => WORDS[word] ?? word);
  return new RegExp(`^(?:${source})$`);
}

interface Compiled {
  readonly entry: Entry;
  readonly matches: RegExp;
}

/** Every entry, the more special first: the first that fits a key speaks for it. */
export const TABLE: readonly Entry[] = [...CHART_ENTRIES, ...NODE_ENTRIES];

const compiled: readonly Compiled[] = TABLE.flatMap((entry) =>
  entry.keys.map((pattern) => ({ entry, matches: compile(pattern) })),
);

const known = new Map<string, Entry | undefined>();

/** What the table says of a key, or undefined where it does not know it. */
export function entryFor(key: string): Entry | undefined {
  if (!known.has(key)) known.set(key, compiled.find(({ matches }) => matches.test(key))?.entry);
  return known.get(key);
}
