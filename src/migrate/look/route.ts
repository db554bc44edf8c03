import { compareLines } from '../../engines/releases.ts';
import { dataNodes } from '../../model/build.ts';
import type { StackModel, StackNode } from '../../model/types.ts';
import type { NodeFacts, SourceFacts } from './facts.ts';
import type { Route, Totals } from './types.ts';

const SLOTS = 16_384;

/**
 * What is to be done with the data, from the two stacks. Servers keep their data where the way of dividing keys stays;
 * otherwise one new primary begins as a copy of all of it, and slots move on from there.
 */
export function routeOf(before: StackModel | undefined, after: StackModel): Route {
  const copies = before === undefined || before.joins !== after.joins;
  const known = new Set(copies ? [] : dataNodes(before.nodes).map(({ name }) => name));
  const added = dataNodes(after.nodes).filter(({ name }) => !known.has(name));
  const newPrimaries = added.filter(isPrimary).length;
  return {
    copies: copies ? 1 : 0,
    newPrimaries,
    newReplicas: added.length - newPrimaries,
    slots: movedSlots(before, after),
    atomicSlots: after.engine.name === 'valkey' && compareLines(after.engine.version, '9.0') >= 0,
    shards: shardsOf(after),
    restarts: before && !copies && !sameRelease(before, after) ? known.size : 0,
    switches: copies ? 1 : 0,
  };
}

const isPrimary = ({ role }: StackNode): boolean => role === 'primary';

const sameRelease = ({ engine: a }: StackModel, { engine: b }: StackModel): boolean =>
  a.name === b.name && a.version === b.version;

const shardsOf = (model: StackModel): number => model.nodes.filter(isPrimary).length;

/** Every primary gives or gets an equal share. A cluster that becomes one server gives all slots to one first. */
function movedSlots(before: StackModel | undefined, after: StackModel): number {
  const from = before?.joins ? shardsOf(before) : 1;
  const to = after.joins ? shardsOf(after) : 1;
  return Math.round(SLOTS * (1 - Math.min(from, to) / Math.max(from, to)));
}

/** Sums over the nodes that call themselves primary; over all where none of them may say what it is. */
export function totalsOf({ nodes }: SourceFacts): Totals {
  const known = nodes.filter(({ replication }) => replication?.role === 'primary');
  const primaries = known.length > 0 ? known : nodes;
  const sum = (amount: (node: NodeFacts) => number) => primaries.reduce((all, node) => all + amount(node), 0);
  return {
    primaries,
    keys: sum(({ databases }) => (databases ?? []).reduce((all, { keys }) => all + keys, 0)),
    usedBytes: sum(({ memory }) => memory?.usedBytes ?? 0),
    datasetBytes: sum(({ memory }) => memory?.datasetBytes ?? 0),
    writtenBytesPerSecond: Math.max(0, ...primaries.map(({ load }) => load?.writtenBytesPerSecond ?? 0)),
  };
}
