import { type Connection, openConnection } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import { onlyPrimary, until } from '../ask.ts';
import { oldData, originOf } from '../origin.ts';
import { unwatch, watch } from '../sentinels.ts';
import { type Context, replicaLogin, type Step } from '../step.ts';
import { isFenced, release, reviveNext, standStill, switchOver } from '../switch.ts';
import type { Member } from '../types.ts';
import { letSentinelsIn } from '../users.ts';
import { announceOn } from './clients.ts';
import { adoption, copyNow } from './copy.ts';

/** The name in the plan and in the journal. */
const ID = 'switch';

/**
 * The first node of a cluster takes over from a primary without slots. The old primary goes on as a replica of it: the
 * way back, until slots move to other nodes.
 */
export const switchToSlots = (to: string): Step => ({
  id: ID,
  title: `${to} takes over`,
  about: `Writes stand still until ${to} has every one, then it serves; the old primary becomes its replica, which is the way back.`,
  pause: 'about 10 to 60 ms on the server; clients connect again, and see up to some 200 ms',
  run: async (ctx) => {
    const primary = await expectedPrimary(ctx, to);
    const next = ctx.ground.member(to);
    const took = await switchOver(ctx, {
      old: originOf(ctx, primary),
      next,
      slots: true,
      before: async () => {
        await letSentinelsIn(ctx, to);
        await unwatch(ctx);
        await ctx.ground.ports?.prepare(primary.name, to);
      },
      after: async (old, fresh) => {
        await ctx.ground.ports?.swap([primary.name, old], [to, fresh]);
        const announced = `cluster-announce-${ctx.ground.after.spec.security.tls ? 'tls-' : ''}port`;
        await Promise.all([
          fresh.call('CONFIG', 'SET', announced, String(ctx.ground.member(to).inside.port)),
          announceOn(ctx, fresh, ctx.ground.after),
        ]);
        await Promise.all([
          follow(ctx, old, ctx.ground.member(to)),
          watch(ctx, { model: ctx.ground.before, primary: ctx.ground.member(to).inside, failover: false }),
        ]);
      },
    });
    ctx.say({ text: `nobody took writes for ${took} ms` });
    await settleNode(ctx, ctx.ground.member(to));
    await linked(ctx, ctx.ground.member(primary.name));
  },
  undo: async (ctx) => {
    const known = ctx.journal.fact('old.primary');
    if (known === undefined) return;
    await ctx.ground.ports?.locate(known, to);
    if (await ctx.ground.isRunning(to)) await switchBack(ctx, known, to);
    await withOpen(ctx, ctx.ground.member(known), async (c) => {
      if (parseFields(await c.call('INFO', 'replication')).role !== 'master')
        throw new Error(
          `${known} is a replica and ${to} does not run: start it, for the last writes are there`,
        );
      await release(ctx, c);
    });
    if (ctx.journal.fact('sentinels.unwatched') === 'yes')
      await watch(ctx, {
        model: ctx.ground.before,
        primary: ctx.ground.member(known).inside,
        failover: true,
      });
  },
});

/** The primary that was copied from, while it still is one; after a failover the copy is begun anew first. */
async function expectedPrimary(ctx: Context, to: string): Promise<Member> {
  const known = ctx.journal.fact('old.primary');
  if (known !== undefined) {
    await reviveNext(ctx, to, adoption(originOf(ctx, ctx.ground.member(known))));
    await ctx.ground.ports?.locate(known, to);
    return ctx.ground.member(known);
  }
  const present = await onlyPrimary(ctx, oldData(ctx));
  await copyNow(ctx, to, originOf(ctx, present));
  ctx.journal.note('old.primary', present.name);
  return present;
}

/** The old primary follows the new one; its clients go, their blocked writes unexecuted, and find the new one. */
async function follow(ctx: Context, old: Connection, { inside }: Member): Promise<void> {
  // One that was restarted since has not what `ready` gave it.
  const login = replicaLogin(ctx);
  await Promise.all([
    dropClients(old),
    old.call('CONFIG', 'SET', ...login),
    old.call('REPLICAOF', inside.host, String(inside.port)),
  ]);
  await release(ctx, old);
  // Those that came between the two.
  await dropClients(old);
}

async function dropClients(c: Connection): Promise<void> {
  const kinds = ['normal', 'pubsub'];
  await Promise.all(kinds.map((kind) => c.call('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes')));
}

/** A node that has taken over gets what it was begun without, and forgets the server that it took over from. */
export async function settleNode(ctx: Context, member: Member): Promise<void> {
  const { after } = ctx.ground;
  const timeout = after.directives.find(({ name }) => name === 'cluster-node-timeout')?.args[0] ?? '15000';
  await ctx.ask(member, async (c) => {
    const login = replicaLogin(ctx);
    const cluster = ['cluster-node-timeout', timeout, 'cluster-replica-no-failover', 'no'];
    await c.call('CONFIG', 'SET', ...cluster, 'replica-priority', '100', ...login);
    for (const id of await ghosts(c)) await c.call('CLUSTER', 'FORGET', id);
  });
}

/** Nodes in the table that have no bus: the server that was taken over from. */
async function ghosts(c: Connection): Promise<readonly string[]> {
  return String(await c.call('CLUSTER', 'NODES'))
    .split('\n')
    .filter((line) => line !== '' && !/\bmyself\b/.test(line) && /@1[ ,]/.test(line))
    .map((line) => line.slice(0, line.indexOf(' ')));
}

function linked(ctx: Context, member: Member): Promise<void> {
  return until(ctx, `${member.name} follows the new primary`, ctx.timeoutSeconds, () =>
    ctx.ask(
      member,
      async (c) => parseFields(await c.call('INFO', 'replication')).master_link_status === 'up',
    ),
  );
}

/** The old primary takes over again, with every write that the new one has taken. */
async function switchBack(ctx: Context, known: string, to: string): Promise<void> {
  const [old, next] = [ctx.ground.member(known), ctx.ground.member(to)];
  await withOpen(ctx, next, async (fresh) => {
    if (parseFields(await fresh.call('INFO', 'replication')).role !== 'master') return;
    await withOpen(ctx, old, async (c) => {
      await expectFollower(ctx, { old, next, c, fresh });
      if (await isReplica(c)) {
        await linked(ctx, old);
        await standStill(fresh, c, true).catch(async (error: unknown) => {
          await fresh.call('CONFIG', 'SET', 'min-replicas-to-write', '0');
          await fresh.call('CLIENT', 'UNPAUSE');
          throw error;
        });
        await c.call('REPLICAOF', 'NO', 'ONE');
      }
      await release(ctx, c);
      await ctx.ground.ports?.swap([to, fresh], [known, c]);
      await announceOn(ctx, c, ctx.ground.before);
      await dropClients(fresh);
    });
  });
}

const isReplica = async (c: Connection): Promise<boolean> =>
  parseFields(await c.call('INFO', 'replication')).role !== 'master';

interface Two {
  readonly old: Member;
  readonly next: Member;
  readonly c: Connection;
  readonly fresh: Connection;
}

/**
 * Both are primaries where a run was cut off between two orders. The fenced one takes no writes: where that is the old one,
 * the new one may have taken some, which the old one must have before it serves again.
 */
async function expectFollower(ctx: Context, { old, next, c, fresh }: Two): Promise<void> {
  if ((await isReplica(c)) || (await isFenced(fresh))) return;
  if (!(await isFenced(c)))
    throw new Error(`${old.name} and ${next.name} both take writes; nothing was changed`);
  await follow(ctx, c, next);
}

async function withOpen<T>(ctx: Context, { at }: Member, work: (c: Connection) => Promise<T>): Promise<T> {
  const c = await openConnection(at, ctx.credentials, 10_000);
  try {
    return await work(c);
  } finally {
    c.close();
  }
}
