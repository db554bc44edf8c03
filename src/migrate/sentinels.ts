import { setTimeout as sleep } from 'node:timers/promises';
import { sentinelNodes } from '../model/build.ts';
import type { Address, StackModel } from '../model/types.ts';
import type { Context } from './step.ts';
import type { Member } from './types.ts';

/** More votes than there are Sentinels: they tell where the primary is, and fail nobody over. */
const NOBODY = 99;

/** The Sentinels of a stack, as it was or as it is to be. */
export function sentinelsOf({ ground }: Context, model: StackModel): readonly Member[] {
  return sentinelNodes(model.nodes).map(({ name }) => ground.member(name));
}

/** Sentinels stop watching: while the primary is moved by hand, a failover of theirs would be a second one. */
export async function unwatch(ctx: Context): Promise<void> {
  const { before } = ctx.ground;
  if (before.sentinel === undefined) return;
  const { primaryName } = before.sentinel;
  ctx.journal.note('sentinels.unwatched', 'yes');
  for (const one of sentinelsOf(ctx, before))
    await ctx.ask(one, async (c) => {
      await c.call('SENTINEL', 'REMOVE', primaryName).catch(unless(/No such master/i));
    });
}

export interface Watch {
  /** The stack whose Sentinels are told. */
  readonly model: StackModel;
  readonly primary: Address;
  /** False where they only tell clients where the primary is. */
  readonly failover: boolean;
}

/** Clients that ask the Sentinels find this server; what they knew of others before is forgotten. */
export async function watch(ctx: Context, { model, primary, failover }: Watch): Promise<void> {
  const { sentinel } = model;
  if (sentinel === undefined) return;
  const { primaryName: name } = sentinel;
  const quorum = String(failover ? sentinel.quorum : NOBODY);
  const tell = (one: Member) =>
    ctx.ask(one, async (c) => {
      await c.call('SENTINEL', 'REMOVE', name).catch(unless(/No such master/i));
      await c.call('SENTINEL', 'MONITOR', name, primary.host, String(primary.port), quorum);
      for (const [option, ...values] of optionsOf(model))
        await c.call('SENTINEL', 'SET', name, option, ...values);
      const login = ['auth-user', 'sentinel', 'auth-pass', ctx.password('sentinel')];
      await c.call('SENTINEL', 'SET', name, ...login);
    });
  // Together: clients ask any of them.
  await Promise.all(sentinelsOf(ctx, model).map(tell));
  if (failover) ctx.journal.note('sentinels.unwatched', 'no');
}

/** A client library that was in the middle of a failover looks again after ten seconds. */
const LOOK_AGAIN_MS = 15_000;

/** Waits a while until no application asks the old Sentinels any more: those that do would find nobody. */
export async function untilAlone(ctx: Context): Promise<void> {
  const sentinels = sentinelsOf(ctx, ctx.ground.before);
  const end = Date.now() + Math.max(LOOK_AGAIN_MS, ctx.graceSeconds * 1000);
  const asking = async (one: Member): Promise<boolean> => {
    const listed = ctx.ask(one, async (c) => String(await c.call('CLIENT', 'LIST')));
    return / user=app /.test(await listed.catch(() => ''));
  };
  while (Date.now() < end) {
    if (!(await Promise.all(sentinels.map(asking))).some(Boolean)) return;
    ctx.say({ text: 'waiting for clients that still ask the Sentinels' });
    await sleep(300, undefined, { signal: ctx.signal });
  }
}

/** What the Sentinels were told of the group in their file, without the address of the primary. */
function optionsOf({ sentinel }: StackModel): readonly (readonly [string, ...string[]])[] {
  return (sentinel?.directives ?? [])
    .filter(({ name, args }) => name === 'sentinel' && !['monitor', 'auth-user'].includes(args[0] ?? ''))
    .map(({ args: [option = '', , ...values] }) => [option, ...values] as const);
}

function unless(expected: RegExp) {
  return (error: unknown): void => {
    if (!expected.test((error as Error).message)) throw error;
  };
}
