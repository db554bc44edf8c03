import type { Facts, NodeFacts } from '../doctor/facts.ts';
import type { CommandFix } from '../doctor/fixes.ts';
import { directiveFacts } from '../engines/catalogue.ts';
import { effectiveLines, SET_BY_NODE, sameValue, shownValue } from '../model/config-values.ts';
import type { StackModel } from '../model/types.ts';

/** How data is kept is changed together with the files that hold it; findings of other rules say how. */
const NOT_ALONE: ReadonlySet<string> = new Set(['appendonly', 'save']);

/** What gives running servers back what their files say, one command a node. */
export function driftFixes({ nodes, model }: Pick<Facts, 'nodes' | 'model'>): readonly CommandFix[] {
  if (!model) return [];
  return nodes.flatMap((node): readonly CommandFix[] => {
    const settings = drifted(node, model);
    if (settings.length === 0) return [];
    const words = ['CONFIG', 'SET', ...settings.flat()];
    return [{ kind: 'command', at: node.name, words, live: true, effect: 'As conf/redis.conf has it.' }];
  });
}

function drifted(
  { settings }: NodeFacts,
  { engine, directives }: StackModel,
): readonly (readonly [name: string, value: string])[] {
  if (!settings) return [];
  return effectiveLines(directives.map((one, line) => ({ ...one, line }))).flatMap(({ name, args }) => {
    const isLeft = SET_BY_NODE.has(name) || NOT_ALONE.has(name);
    if (isLeft || directiveFacts(engine, name)?.effect !== 'live') return [];
    const present = shownValue(engine, settings, name);
    const value = args.join(' ').replace(/^"(.*)"$/, '$1');
    return present === undefined || sameValue(engine, name, value, present) ? [] : [[name, value] as const];
  });
}
