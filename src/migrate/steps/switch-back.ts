import { originOf } from '../origin.ts';
import { type Context, replicaLogin, type Step } from '../step.ts';
import { reviveNext, switchOver } from '../switch.ts';
import { announceOn } from './clients.ts';
import { adoption, copyNow } from './copy.ts';
import { gathered } from './slots.ts';

/**
 * A server without slots takes over from the cluster's one shard. A cluster node cannot become its replica, so there is
 * no way back but another migration.
 */
export const switchFromSlots = (to: string): Step => ({
  id: 'switch',
  title: `${to} takes over`,
  about: `Writes stand still until ${to} has every one, then it serves; the cluster refuses writes from then on.`,
  pause: 'about 5 to 50 ms on the server; clients connect again',
  final: true,
  run: async (ctx) => {
    const old = await expectedOrigin(ctx, to);
    const origin = originOf(ctx, ctx.ground.member(old));
    const took = await switchOver(ctx, {
      old: origin,
      next: ctx.ground.member(to),
      slots: false,
      before: async () => ctx.ground.ports?.prepare(old, to),
      // Where ports stay, clients come back to the old server; it takes no word any more once writes stand still.
      lastWord: (from) => (ctx.ground.ports ? nothing() : announceOn(ctx, from, ctx.ground.after)),
      takeBack: (from) => (ctx.ground.ports ? nothing() : announceOn(ctx, from, ctx.ground.before)),
      after: async (from, fresh) => {
        await ctx.ground.ports?.swap([old, from], [to, fresh]);
        await announceOn(ctx, fresh, ctx.ground.after);
        await from.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await from.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes');
      },
    });
    ctx.say({ text: `nobody took writes for ${took} ms` });
    await settlePlain(ctx, to);
  },
});

async function expectedOrigin(ctx: Context, to: string): Promise<string> {
  const known = ctx.journal.fact('old.primary');
  if (known !== undefined) {
    await reviveNext(ctx, to, adoption(originOf(ctx, ctx.ground.member(known))));
    await ctx.ground.ports?.locate(known, to);
    return known;
  }
  const present = await gathered(ctx);
  await copyNow(ctx, to, originOf(ctx, present));
  ctx.journal.note('old.primary', present.name);
  return present.name;
}

/** A node without slots that has taken over gets what it was begun without. */
export async function settlePlain(ctx: Context, to: string): Promise<void> {
  const login = replicaLogin(ctx);
  const member = ctx.ground.member(to);
  const announced = ['replica-announce-port', String(member.inside.port)];
  await ctx.ask(member, (c) => c.call('CONFIG', 'SET', 'replica-priority', '100', ...login, ...announced));
}

async function nothing(): Promise<void> {}
