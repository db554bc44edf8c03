import type { Context } from './step.ts';
import { passwordRule } from './users.ts';

/** Noted while the user of replicas may do more than replicate. */
const GRANTED = 'rights.granted';

/** Where servers move slots among themselves, they log in as this user, and carry out every write as it. */
const USER = 'replication';
const MORE = ['~*', '+cluster|syncslots', '+select', '+@write', '+@read', '+@connection'];

/** Valkey from 9.0 moves slots from server to server. */
const needsRights = ({ ground: { after } }: Context): boolean =>
  after.engine.name === 'valkey' && Number.parseFloat(after.engine.version) >= 9;

/** Lets servers write what they take over from each other, for as long as `work` takes. */
export async function withSlotRights(
  ctx: Context,
  names: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  if (!needsRights(ctx)) return work();
  ctx.journal.note(GRANTED, names.join(' '));
  for (const name of names) await give(ctx, name, MORE);
  try {
    await work();
  } finally {
    await withdraw(ctx, names);
  }
}

/** The user of replicas may do again what the stack's own users file says, and no more. */
async function withdraw(ctx: Context, names: readonly string[]): Promise<void> {
  const rules = ctx.ground.after.users.find(({ name }) => name === USER)?.rules ?? [];
  for (const name of names)
    if (await ctx.ground.isRunning(name)) await give(ctx, name, ['resetkeys', '-@all', ...rules]);
  ctx.journal.note(GRANTED, '');
}

function give(ctx: Context, name: string, rules: readonly string[]): Promise<unknown> {
  // A node that nobody has logged in to yet has the user as well, with the same password.
  const words = ['ACL', 'SETUSER', USER, 'on', passwordRule(ctx, USER), ...rules];
  return ctx.ask(ctx.ground.member(name), (c) => c.call(...words));
}
