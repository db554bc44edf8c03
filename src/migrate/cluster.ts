import { dataNodes } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import type { Cluster, ClusterMember } from './slots/index.ts';
import type { Context } from './step.ts';

/** The data nodes of a stack by name. */
export const names = ({ nodes }: StackModel): readonly string[] => dataNodes(nodes).map(({ name }) => name);

/** The servers of a cluster with their ids; nodes that do not run are left out. */
export async function clusterOf(ctx: Context, some: readonly string[]): Promise<Cluster> {
  const members: ClusterMember[] = [];
  for (const name of some) if (await ctx.ground.isRunning(name)) members.push(await memberOf(ctx, name));
  return { members, credentials: ctx.credentials };
}

async function memberOf(ctx: Context, name: string): Promise<ClusterMember> {
  const { node, at, inside } = ctx.ground.member(name);
  const id = String(await ctx.ask(ctx.ground.member(name), (c) => c.call('CLUSTER', 'MYID')));
  return { id, name, at, inside: { ...inside, busPort: node.busPort ?? inside.port + 10_000 } };
}

/** Every node of either stack that has slots or may have. */
export function everyName({ ground: { before, after } }: Context): readonly string[] {
  return [...new Set([...(before.joins ? names(before) : []), ...names(after)])];
}
