import { ANY } from './defaults-blocks.ts';
import { isTree } from './read.ts';
import { entryFor } from './table.ts';
import type { Tree } from './types.ts';

export interface Leaf {
  readonly path: readonly string[];
  /** The path with dots. */
  readonly key: string;
  readonly value: unknown;
}

/** Every key of a values file: what holds a value, or a mapping that the chart takes as a whole. */
export function leavesOf(tree: Tree, above: readonly string[] = []): readonly Leaf[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const path = [...above, name];
    const key = path.join('.');
    const goesOn = isTree(value) && Object.keys(value).length > 0 && entryFor(key)?.whole !== true;
    return goesOn ? leavesOf(value, path) : [{ path, key, value }];
  });
}

/** True where a value is what the chart has anyway; a default of `ANY` is met by every text. */
export function sameAsDefault(value: unknown, byDefault: unknown): boolean {
  if (byDefault === ANY) return typeof value === 'string';
  if (Array.isArray(value) && Array.isArray(byDefault)) {
    return value.length === byDefault.length && value.every((item, i) => sameAsDefault(item, byDefault[i]));
  }
  if (isTree(value) && isTree(byDefault)) {
    const keys = Object.keys(value);
    return (
      keys.length === Object.keys(byDefault).length &&
      keys.every((key) => Object.hasOwn(byDefault, key) && sameAsDefault(value[key], byDefault[key]))
    );
  }
  return value === byDefault || isNothing(value, byDefault);
}

/** A key without a value, which Helm reads as null, where the chart's own default is nothing either. */
function isNothing(value: unknown, byDefault: unknown): boolean {
  return value === null && (byDefault === '' || byDefault === undefined || isEmpty(byDefault));
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (isTree(value) && Object.keys(value).length === 0);
}
