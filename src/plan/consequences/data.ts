import { compareLines } from '../../engines/releases.ts';
import type { StackModel } from '../../model/types.ts';
import type { Consequence } from './types.ts';

type Pair = readonly [before: StackModel, after: StackModel];

/** What happens to the data, which no file can say. */
export function dataConsequences(before: StackModel, after: StackModel): readonly Consequence[] {
  const rules = [moves, databases, engine, memory, persistence];
  return rules.flatMap((rule) => rule([before, after]));
}

const data = (at: string, message: string): readonly Consequence[] => [{ effect: 'data', at, message }];

function moves([before, after]: Pair): readonly Consequence[] {
  const [old, next] = [before.spec.topology, after.spec.topology];
  const shards = (model: StackModel) =>
    new Set(model.nodes.filter((n) => n.shard > 0).map((n) => n.shard)).size;
  if (before.joins !== after.joins || shards(before) !== shards(after))
    return data(
      'topology',
      `${old.kind} of ${shards(before)} → ${next.kind} of ${shards(after)}: the keys have to move to other nodes, which no restart does: \`migrate\` carries them over while the stack runs.`,
    );
  if (old.kind === next.kind) return [];
  const names = new Set(before.nodes.map((node) => node.name));
  const primary = after.nodes.find((node) => node.role === 'primary');
  return data(
    'topology',
    primary && names.has(primary.name)
      ? `${old.kind} → ${next.kind}: ${primary.name} keeps its data if it is the primary when the others start; \`migrate\` sees to that while the stack runs.`
      : `${old.kind} → ${next.kind}: the nodes get other names, so they start empty: \`migrate\` carries the data over while the stack runs.`,
  );
}

function databases([before, after]: Pair): readonly Consequence[] {
  const [old, next] = [before.spec.databases, after.spec.databases];
  if (next >= old) return [];
  return data(
    'databases',
    `${old} → ${next}: a server refuses to start, or drops keys, when its files hold keys of databases above ${next - 1}. Move or delete those first.`,
  );
}

function engine([before, after]: Pair): readonly Consequence[] {
  const [old, next] = [before.engine, after.engine];
  if (old.name === next.name && old.version === next.version) return [];
  const shown = `${old.title} ${old.version} → ${next.title} ${next.version}`;
  if (old.name === next.name && compareLines(next.version, old.version) > 0)
    return data(
      'engine',
      `${shown}: the new release reads the files of the old one, and never the other way round. Back up first.`,
    );
  return data(
    'engine',
    `${shown}: the new server may not be able to read the files of the old one. Back up first, and try it on a copy.`,
  );
}

function memory([before, after]: Pair): readonly Consequence[] {
  const [old, next] = [before.memory.maxmemoryBytes, after.memory.maxmemoryBytes];
  if (next >= old) return [];
  const evicts = after.spec.memory.eviction !== 'noeviction';
  return data(
    'maxmemory',
    evicts
      ? 'less than before: a node that holds more drops keys at once, by its policy.'
      : 'less than before: a node that holds more refuses writes at once.',
  );
}

function persistence([before, after]: Pair): readonly Consequence[] {
  const [old, next] = [before.spec.persistence.mode, after.spec.persistence.mode];
  if (old === next) return [];
  if (next === 'none') return data('persistence', 'nothing outlives a restart any more.');
  return data(
    'persistence',
    `${old} → ${next}: the start scripts carry the data over at the next start; \`update --live\` does it without one.`,
  );
}
