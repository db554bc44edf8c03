import type { StackModel, StackNode } from '../../model/types.ts';
import { type Problem, problem } from '../../problem.ts';

/**
 * What keeps two stacks from running side by side in one Compose project; found before anything is touched. `before` is
 * absent where the data comes from a foreign server.
 */
export function composeProblems(before: StackModel | undefined, after: StackModel): readonly Problem[] {
  if (before === undefined) return forgetful([], after);
  return [
    ...otherName(before, after),
    ...otherSubnet(before, after),
    ...meeting(before, after),
    ...forgetful(before.nodes, after),
  ];
}

function otherName({ spec: before }: StackModel, { spec: after }: StackModel): readonly Problem[] {
  if (before.name === after.name) return [];
  return [
    problem(
      'compose/name-changed',
      'name',
      `The stack runs as ${before.name} and is to be ${after.name}; containers of the two would not share a network.`,
      `Leave the name as it is: --set name=${before.name}.`,
    ),
  ];
}

function otherSubnet({ spec: before }: StackModel, { spec: after }: StackModel): readonly Problem[] {
  if (before.network.subnet === after.network.subnet) return [];
  return [
    problem(
      'compose/subnet-changed',
      'network.subnet',
      `The stack runs in ${before.network.subnet} and is to be in ${after.network.subnet}; a node cannot be in both.`,
      'Migrate in the present subnet; change it before or afterwards, with the stack down.',
    ),
  ];
}

/** Only a cluster of more than 38 shards has addresses that others have as well. */
function meeting(before: StackModel, after: StackModel): readonly Problem[] {
  const holders = new Map(before.nodes.map((node) => [node.ip, node.name]));
  const clash = after.nodes.find(({ ip, name }) => (holders.get(ip) ?? name) !== name);
  if (clash === undefined) return [];
  return [
    problem(
      'compose/addresses-meet',
      clash.name,
      `It would have the address ${clash.ip} of ${holders.get(clash.ip)}; both run during the migration.`,
      'In Compose the cluster may have 38 shards while it becomes another stack, or comes from one.',
    ),
  ];
}

/** A container of a new node is made anew when the old nodes have gone; what keeps nothing would lose all by that. */
function forgetful(before: readonly StackNode[], after: StackModel): readonly Problem[] {
  if (after.persistent) return [];
  const old = new Set(before.map(({ name }) => name));
  const alone = after.nodes.filter(
    (node) =>
      node.role !== 'sentinel' &&
      !old.has(node.name) &&
      after.nodes.filter(({ shard }) => shard === node.shard).length === 1,
  );
  if (alone.length === 0) return [];
  return [
    problem(
      'compose/forgetful',
      'persistence.mode',
      `${alone.map(({ name }) => name).join(', ')} would keep nothing over a restart and ${alone.length === 1 ? 'has' : 'have'} no replica; its container is restarted at the end of the migration.`,
      'Migrate with snapshots: --set persistence.mode=rdb. Afterwards `update --set persistence.mode=none` takes it back.',
    ),
  ];
}
