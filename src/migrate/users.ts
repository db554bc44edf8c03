import { createHash } from 'node:crypto';
import { dataNodes } from '../model/build.ts';
import type { Context } from './step.ts';

/** The password of a user as ACL SETUSER takes it. */
export const passwordRule = (ctx: Context, user: string): string =>
  `#${createHash('sha256').update(ctx.password(user)).digest('hex')}`;

/** As whom Sentinels log in to data nodes. */
const SENTINEL = 'sentinel';

/** Rules of the old Sentinels on data nodes, where the new stack has no such user; undefined where none are needed. */
function sentinelRules({ ground: { before, after } }: Context): readonly string[] | undefined {
  if (before.sentinel === undefined || after.users.some(({ name }) => name === SENTINEL)) return undefined;
  return before.users.find(({ name }) => name === SENTINEL)?.rules;
}

/**
 * Lets the old Sentinels log in to a node of the new stack. One that they cannot log in to is down for them, and a client
 * that asks them where the primary is would be told of nobody.
 */
export async function letSentinelsIn(ctx: Context, name: string): Promise<void> {
  const rules = sentinelRules(ctx);
  if (rules === undefined) return;
  const words = ['ACL', 'SETUSER', SENTINEL, 'reset', 'on', passwordRule(ctx, SENTINEL), ...rules];
  await ctx.ask(ctx.ground.member(name), (c) => c.call(...words));
}

/** Takes that user away where the Sentinels have ended. */
export async function leaveSentinelsOut(ctx: Context): Promise<void> {
  if (sentinelRules(ctx) === undefined) return;
  for (const { name } of dataNodes(ctx.ground.after.nodes))
    if (await ctx.ground.isRunning(name))
      await ctx.ask(ctx.ground.member(name), (c) => c.call('ACL', 'DELUSER', SENTINEL));
}
