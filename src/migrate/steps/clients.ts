import { setTimeout as sleep } from 'node:timers/promises';
import { dataNodes } from '../../model/build.ts';
import type { StackModel } from '../../model/types.ts';
import type { Connection } from '../../redis/connection.ts';
import { announce, describe } from '../announce.ts';
import { primariesAmong } from '../ask.ts';
import type { Context, Step } from '../step.ts';
import type { Member } from '../types.ts';

/** The emitted client looks once a second; with this it has looked twice, and moved. */
const FOLLOW_MS = 3000;

export interface Plain {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly library: string;
  readonly address: string;
}

/** The clients of one server that are neither of the stack's own making nor the emitted client. */
export async function plainClients(c: Connection, stack: string): Promise<readonly Plain[]> {
  const inside = ['admin', 'replication', 'probe', 'exporter', 'backup', 'sentinel', 'default'];
  return String(await c.call('CLIENT', 'LIST', 'TYPE', 'normal'))
    .split('\n')
    .filter((line) => line.startsWith('id='))
    .map((line) => {
      const field = (name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';
      const library = [field('lib-name'), field('lib-ver')].filter(Boolean).join(' ');
      return { id: field('id'), name: field('name'), user: field('user'), library, address: field('addr') };
    })
    .filter(({ name, user }) => !inside.includes(user) && name !== stack);
}

/** The nodes of the new stack that run, and where clients find them from here. */
export async function announceOn(ctx: Context, c: Connection, model: StackModel): Promise<void> {
  const running = await Promise.all(model.nodes.map(({ name }) => ctx.ground.isRunning(name)));
  const present = model.nodes.filter((_, i) => running[i]);
  await announce(
    ctx,
    c,
    model,
    describe(model, present, ({ name }) => ctx.ground.member(name).at),
  );
}

export interface Clients {
  /** The nodes of which one is the primary that clients speak to. */
  readonly among: (ctx: Context) => readonly Member[];
  /** Why a client that knows nothing of this must be started anew, and from when; undefined where it need not. */
  readonly plain?: string;
  /** Where clients move twice. */
  readonly id?: string;
}

/** Clients are told where the stack is, and get time to move. */
export const clients = ({ among, plain, id = 'clients' }: Clients): Step => ({
  id,
  title: 'Clients move',
  about: `The emitted client follows by itself within seconds.${plain ? ` ${plain}` : ''}`,
  run: async (ctx) => {
    const primary = await announceAmong(ctx, among(ctx), ctx.ground.after);
    await sleep(FOLLOW_MS, undefined, { signal: ctx.signal });
    if (plain) await untilGone(ctx, primary, plain);
  },
  undo: async (ctx) => {
    await announceAmong(ctx, among(ctx), ctx.ground.before);
  },
});

/** Tells the primary that owns the announcement's slot; where there are no slots, any. Gives the one that took it. */
async function announceAmong(ctx: Context, members: readonly Member[], model: StackModel): Promise<Member> {
  const end = Date.now() + ctx.timeoutSeconds * 1000;
  for (;;) {
    const taken = await announceOnce(ctx, await primariesAmong(ctx, members), model);
    if (taken !== undefined) return taken;
    if (Date.now() > end) throw new Error('no primary answers that could tell the clients');
    await sleep(200, undefined, { signal: ctx.signal });
  }
}

/** Another one owns the slot, or one that has come back does not serve yet. */
const NOT_HERE = /^(MOVED|CLUSTERDOWN|LOADING) /;

async function announceOnce(
  ctx: Context,
  primaries: readonly Member[],
  model: StackModel,
): Promise<Member | undefined> {
  for (const primary of primaries) {
    try {
      await ctx.ask(primary, (c) => announceOn(ctx, c, model));
      return primary;
    } catch (error) {
      if (!NOT_HERE.test((error as Error).message)) throw error;
    }
  }
  return undefined;
}

async function untilGone(ctx: Context, primary: Member, why: string): Promise<void> {
  const end = Date.now() + ctx.graceSeconds * 1000;
  const stack = ctx.ground.after.spec.name;
  const mark = await ctx.ask(primary, async (c) => Number(await c.call('CLIENT', 'ID')));
  for (;;) {
    // Later ones are those of applications that were started anew.
    const all = await ctx.ask(primary, (c) => plainClients(c, stack));
    const found = all.filter(({ id }) => Number(id) < mark);
    if (found.length === 0) return;
    const who = [
      ...new Set(found.map(({ user, library, name }) => [user, name, library].filter(Boolean).join(' '))),
    ];
    const shown = `${found.length} connection${found.length === 1 ? '' : 's'} of other clients (${who.slice(0, 3).join('; ')})`;
    if (Date.now() >= end) {
      ctx.warn(
        `${shown} still speak${found.length === 1 ? 's' : ''} to ${primary.name} as one server. ${why}`,
      );
      return;
    }
    ctx.say({ text: `waiting for ${shown}` });
    await sleep(500, undefined, { signal: ctx.signal });
  }
}

/** All data nodes of either stack. */
export function everybody({ ground }: Context): readonly Member[] {
  const names = [...ground.after.nodes, ...ground.before.nodes].filter(({ role }) => role !== 'sentinel');
  return [...new Set(names.map(({ name }) => name))].map((name) => ground.member(name));
}

export const newData = ({ ground }: Context): readonly Member[] =>
  dataNodes(ground.after.nodes).map(({ name }) => ground.member(name));
