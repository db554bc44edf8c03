import { dataNodes } from '../../model/build.ts';
import type { StackModel } from '../../model/types.ts';
import { parseFields } from '../../redis/replies.ts';
import { clusterOf, names } from '../cluster.ts';
import { originOf } from '../origin.ts';
import { withSlotRights } from '../slot-rights.ts';
import { type Cluster, expectWhole, moveSlots, type ShardWish } from '../slots/index.ts';
import type { Context, Step } from '../step.ts';
import type { Member } from '../types.ts';
import type { Origin } from './copy.ts';

/** Every shard of either stack, with the share that it shall hold. */
function wishesFor(
  cluster: Cluster,
  model: StackModel,
  share: (shard: number) => number,
): readonly ShardWish[] {
  const shards = [...new Set(dataNodes(model.nodes).map(({ shard }) => shard))];
  return shards
    .map((shard) => {
      const own = new Set(model.nodes.filter((node) => node.shard === shard).map(({ name }) => name));
      const ids = cluster.members.filter(({ name }) => own.has(name)).map(({ id }) => id);
      return { ids, share: share(shard) };
    })
    .filter(({ ids }) => ids.length > 0);
}

async function move(ctx: Context, cluster: Cluster, wishes: readonly ShardWish[]): Promise<void> {
  const names = cluster.members.map(({ name }) => name);
  await withSlotRights(ctx, names, () => moveNow(ctx, cluster, wishes));
}

async function moveNow(ctx: Context, cluster: Cluster, wishes: readonly ShardWish[]): Promise<void> {
  const began = Date.now();
  const result = await moveSlots({
    cluster,
    wishes,
    signal: ctx.signal,
    onProgress: ({ phase, slots, keys }) =>
      ctx.say({
        text: `${phase === 'heal' ? 'slots of an earlier run' : 'slots move'}, ${keys.done.toLocaleString('en')} keys`,
        done: slots.done,
        of: slots.of,
        unit: 'slots',
      }),
  });
  ctx.signal.throwIfAborted();
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  ctx.say({ text: `${result.slots} slots with ${result.keys} keys moved in ${seconds} s, ${result.way}` });
  const { longest } = result;
  if (longest && longest.ms > 100)
    ctx.warn(
      `The key ${longest.key} (${longest.keyBytes} bytes) held its server up for ${Math.round(longest.ms)} ms; one key moves in one piece.`,
    );
}

/** The union of both stacks' nodes, where both have slots. */
function union({ ground: { before, after } }: Context): StackModel {
  const known = new Set(after.nodes.map(({ name }) => name));
  const gone = before.joins ? before.nodes.filter(({ name }) => !known.has(name)) : [];
  return { ...after, nodes: [...after.nodes, ...gone] };
}

/** Each shard of the new stack gets its share, shards that go get none. */
export const balance: Step = {
  id: 'slots',
  title: 'Slots move',
  about:
    'Key by key in small batches, or whole ranges where the servers can; under load, and nobody is refused.',
  pause: 'none; a call may wait some milliseconds, and longer for a single very large key',
  run: async (ctx) => {
    const model = union(ctx);
    const kept = new Set(dataNodes(ctx.ground.after.nodes).map(({ shard }) => shard));
    const cluster = await clusterOf(ctx, names(model));
    await move(
      ctx,
      cluster,
      wishesFor(cluster, model, (shard) => (kept.has(shard) ? 1 : 0)),
    );
    await expectWhole(cluster);
  },
  undo: async (ctx) => {
    const { before } = ctx.ground;
    if (!before.joins) return;
    const model = union(ctx);
    const had = new Set(dataNodes(before.nodes).map(({ shard }) => shard));
    const cluster = await clusterOf(ctx, names(model));
    await move(
      ctx,
      cluster,
      wishesFor(cluster, model, (shard) => (had.has(shard) ? 1 : 0)),
    );
  },
};

/** All slots in one shard, so that one server has all data. */
export const gather: Step = {
  id: 'gather',
  title: 'All slots to one shard',
  about:
    'The first shard takes every slot, under load; the others stay in the cluster, empty, until the switch.',
  pause: 'none; a call may wait some milliseconds, and longer for a single very large key',
  run: async (ctx) => {
    const { before } = ctx.ground;
    const cluster = await clusterOf(ctx, names(before));
    await move(
      ctx,
      cluster,
      wishesFor(cluster, before, (shard) => (shard === 1 ? 1 : 0)),
    );
  },
  undo: async (ctx) => {
    const { before } = ctx.ground;
    const cluster = await clusterOf(ctx, names(before));
    await move(
      ctx,
      cluster,
      wishesFor(cluster, before, () => 1),
    );
  },
};

/** The primary that has all slots. */
export async function gathered(ctx: Context): Promise<Member> {
  for (const { name, shard } of dataNodes(ctx.ground.before.nodes)) {
    if (shard !== 1) continue;
    const member = ctx.ground.member(name);
    const role = await ctx
      .ask(member, async (c) => parseFields(await c.call('INFO', 'replication')).role)
      .catch(() => undefined);
    if (role === 'master') return member;
  }
  throw new Error('no primary of the first shard answers');
}

export const theGathered = async (ctx: Context): Promise<Origin> => originOf(ctx, await gathered(ctx));
