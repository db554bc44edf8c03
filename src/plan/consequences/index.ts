import type { StackModel } from '../../model/types.ts';
import type { Plan } from '../types.ts';
import { clientConsequences } from './client.ts';
import { dataConsequences } from './data.ts';
import { composeConsequences, nodeConsequences } from './nodes.ts';
import { settingConsequences } from './settings.ts';
import type { Consequence, Effect } from './types.ts';

export type { Consequence, Effect } from './types.ts';

/** What carrying out a plan means beyond files. `before` is the stack as it was applied last, where that is known. */
export function consequences(
  plan: Pick<Plan, 'changes'>,
  before: StackModel | undefined,
  after: StackModel,
): readonly Consequence[] {
  return [
    ...(before && before.spec.topology.kind !== after.spec.topology.kind
      ? otherTopology(after)
      : settingConsequences(after.engine, plan.changes)),
    ...(before ? [...encryption(before, after), ...nodeConsequences(before, after)] : []),
    ...composeConsequences(plan.changes),
    ...(before ? dataConsequences(before, after) : []),
    ...(before ? clientConsequences(before, after) : []),
  ];
}

/** Settings do not make one topology of another, so none of them is said to take effect by itself. */
function otherTopology({ spec }: StackModel): readonly Consequence[] {
  return [{ effect: 'restart', at: 'conf/', message: `the configuration of a ${spec.topology.kind} stack` }];
}

/** Nodes that speak TLS and nodes that do not cannot talk to each other. */
function encryption(before: StackModel, after: StackModel): readonly Consequence[] {
  if (before.spec.security.tls === after.spec.security.tls) return [];
  const message = 'all nodes stop and start together (`down`, then `up`): an outage of some seconds';
  return [{ effect: 'restart', at: 'security.tls', message }];
}

const TITLES: Readonly<Record<Effect, string>> = {
  live: 'Takes effect without a restart (update --live does it)',
  restart: 'Takes effect when the nodes restart',
  start: 'Nodes to start',
  stop: 'Nodes to stop',
  recreate: 'Containers that Compose replaces',
  volume: 'Volumes',
  data: 'Data',
  client: 'Client',
};

/** The consequences for people, under a heading for each kind, in the order of the kinds. */
export function describeConsequences(all: readonly Consequence[]): readonly string[] {
  return (Object.keys(TITLES) as Effect[]).flatMap((effect) => {
    const some = all.filter((c) => c.effect === effect);
    if (some.length === 0) return [];
    return ['', `${TITLES[effect]}:`, ...grouped(some)];
  });
}

/** What is said of many with the same words is said once. */
function grouped(some: readonly Consequence[]): readonly string[] {
  const byMessage = new Map<string, string[]>();
  for (const { at, message } of some) byMessage.set(message, [...(byMessage.get(message) ?? []), at]);
  return [...byMessage].map(([message, places]) => `  ${places.join(', ')}: ${message}`);
}
