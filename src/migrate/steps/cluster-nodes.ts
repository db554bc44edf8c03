import { dataNodes } from '../../model/build.ts';
import type { StackNode } from '../../model/types.ts';
import { until } from '../ask.ts';
import { clusterOf, everyName, names } from '../cluster.ts';
import { untilAlone } from '../sentinels.ts';
import { addNode, removeNode } from '../slots/index.ts';
import type { Context, Step } from '../step.ts';
import { leaveSentinelsOut } from '../users.ts';

/** Nodes that only the new stack has, primaries first. */
function freshNodes({ ground }: Context): readonly StackNode[] {
  const old = new Set(ground.before.joins ? names(ground.before) : []);
  const fresh = dataNodes(ground.after.nodes).filter(({ name }) => !old.has(name));
  return [
    ...fresh.filter(({ role }) => role === 'primary'),
    ...fresh.filter(({ role }) => role !== 'primary'),
  ];
}

/** New nodes join the cluster: primaries without slots, and the replicas of every shard. */
export const growCluster: Step = {
  id: 'grow',
  title: 'New nodes',
  about: 'They join the cluster; replicas copy their shard. No slot moves yet.',
  run: async (ctx) => {
    // The one that has taken over is the cluster already.
    const fresh = freshNodes(ctx).filter(({ name }) => name !== ctx.journal.fact('copy.to'));
    for (const { name } of fresh) {
      const isBegun = ctx.journal.fact(`began.${name}`) !== undefined;
      if (await ctx.ground.isRunning(name)) continue;
      ctx.journal.note(`began.${name}`, 'yes');
      ctx.say({ text: `starting ${name}` });
      await ctx.ground.start(name, { fresh: !isBegun });
    }
    for (const { name } of fresh) await answers(ctx, name);
    // Each takes seconds, most of them spent waiting for word to get round.
    const [primaries, replicas] = [true, false].map((is) =>
      fresh.filter(({ role }) => (role === 'primary') === is),
    );
    let done = 0;
    for (const wave of [primaries ?? [], replicas ?? []]) {
      ctx.signal.throwIfAborted();
      const later = new Set(
        [...wave, ...(wave === primaries ? (replicas ?? []) : [])].map(({ name }) => name),
      );
      await Promise.all(
        wave.map(async (node) => {
          await join(ctx, node, later);
          ctx.say({ text: `${node.name} has joined`, done: ++done, of: fresh.length, unit: 'nodes' });
        }),
      );
    }
  },
  undo: async (ctx) => {
    for (const { name } of freshNodes(ctx).toReversed()) {
      if (ctx.journal.fact(`began.${name}`) === undefined) continue;
      if (await ctx.ground.isRunning(name)) await takeOut(ctx, name);
      await ctx.ground.discard(name);
    }
  },
};

const answers = (ctx: Context, name: string): Promise<void> =>
  until(ctx, `${name} answers`, ctx.timeoutSeconds, () =>
    ctx.ask(ctx.ground.member(name), async (c) => (await c.call('PING')) === 'PONG'),
  );

/** `later` are nodes that are not part of the cluster yet. */
async function join(ctx: Context, node: StackNode, later: ReadonlySet<string>): Promise<void> {
  const all = everyName(ctx).filter((name) => name === node.name || !later.has(name));
  const cluster = await clusterOf(ctx, all);
  const member = cluster.members.find(({ name }) => name === node.name);
  if (!member) throw new Error(`${node.name} does not run`);
  const siblings = dataNodes(ctx.ground.after.nodes).filter(({ shard }) => shard === node.shard);
  const ids = cluster.members
    .filter(({ name }) => siblings.some((one) => one.name === name))
    .map(({ id }) => id);
  await addNode({
    cluster,
    member,
    signal: ctx.signal,
    timeoutMs: Math.max(60, ctx.timeoutSeconds) * 1000,
    ...(node.role === 'primary' ? {} : { shard: ids.filter((id) => id !== member.id) }),
  });
}

async function takeOut(ctx: Context, name: string): Promise<void> {
  // One that was started a moment ago has no id to forget it by.
  for (const one of everyName(ctx)) if (await ctx.ground.isRunning(one)) await answers(ctx, one);
  const cluster = await clusterOf(ctx, everyName(ctx));
  const member = cluster.members.find((one) => one.name === name);
  if (member) await removeNode({ cluster, member, signal: ctx.signal });
}

/** Nodes of shards that have gone, and replicas that are too many, leave the cluster. */
export const shrinkCluster: Step = {
  id: 'leave',
  title: 'Nodes that go',
  about: 'They have no slots any more; the others forget them, then they end. Their files stay on disk.',
  final: true,
  run: async (ctx) => {
    const kept = new Set(ctx.ground.after.nodes.map(({ name }) => name));
    const gone = dataNodes(ctx.ground.before.nodes).filter(({ name }) => !kept.has(name));
    // Replicas first: a primary that is taken out from before them would leave them alone.
    const order = [
      ...gone.filter(({ role }) => role !== 'primary'),
      ...gone.filter(({ role }) => role === 'primary'),
    ];
    for (const { name } of order) {
      ctx.say({ text: `${name} leaves` });
      if (await ctx.ground.isRunning(name)) await takeOut(ctx, name);
      await ctx.ground.stop(name);
    }
    await leaveSentinelsOut(ctx);
  },
};

/** The nodes of the old stack end; their data stays on disk as it was at that moment. */
export const leaveOld: Step = {
  id: 'leave',
  title: 'The old nodes end',
  about: 'The way back ends with them. Their data stays on disk as it is at that moment.',
  final: true,
  run: async (ctx) => {
    const kept = new Set(ctx.ground.after.nodes.map(({ name }) => name));
    const gone = ctx.ground.before.nodes.filter(({ name }) => !kept.has(name));
    const order = [
      ...gone.filter(({ role }) => role === 'sentinel'),
      ...gone.filter(({ role }) => role !== 'sentinel'),
    ];
    await untilAlone(ctx);
    for (const { name } of order) {
      ctx.say({ text: `${name} ends` });
      await ctx.ground.stop(name);
    }
    await leaveSentinelsOut(ctx);
  },
};
