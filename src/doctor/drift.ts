import { effectiveLines, SET_BY_NODE, sameValue, shownValue } from '../model/config-values.ts';
import type { StackModel } from '../model/types.ts';
import type { NodeFacts } from './facts.ts';

/** A setting that is not what the files of a stack say. */
export interface Difference {
  readonly node: string;
  readonly name: string;
  readonly wanted: string;
  readonly got: string;
}

/** How data is kept is changed together with the files that hold it; rules of their own look at it. */
const ELSEWHERE: ReadonlySet<string> = new Set(['appendonly', 'save']);

/** Where a server is not what its stack's files say. */
export function differences(
  { name: node, settings: values }: NodeFacts,
  { engine, directives }: StackModel,
): readonly Difference[] {
  const lines = effectiveLines(directives.map((one, i) => ({ ...one, line: i })));
  return lines.flatMap(({ name, args }): readonly Difference[] => {
    if (!values || SET_BY_NODE.has(name) || ELSEWHERE.has(name)) return [];
    const got = shownValue(engine, values, name);
    const wanted = args.join(' ').replace(/^"(.*)"$/, '$1');
    return got === undefined || sameValue(engine, name, wanted, got) ? [] : [{ node, name, wanted, got }];
  });
}
