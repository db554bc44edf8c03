import { differences } from '../doctor/drift.ts';
import type { Facts } from '../doctor/facts.ts';
import type { CommandFix } from '../doctor/fixes.ts';
import { directiveFacts } from '../engines/catalogue.ts';

/** What gives running servers back what their files say, one command a node. */
export function driftFixes({ nodes, model }: Pick<Facts, 'nodes' | 'model'>): readonly CommandFix[] {
  if (!model) return [];
  return nodes.flatMap((node): readonly CommandFix[] => {
    const settings = differences(node, model).filter(
      ({ name }) => directiveFacts(model.engine, name)?.effect === 'live',
    );
    if (settings.length === 0) return [];
    const words = ['CONFIG', 'SET', ...settings.flatMap(({ name, wanted }) => [name, wanted])];
    return [{ kind: 'command', at: node.name, words, live: true, effect: 'As conf/redis.conf has it.' }];
  });
}
