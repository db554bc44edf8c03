import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../redis/connection.ts';
import { parseFields } from '../redis/replies.ts';
import type { Context } from './step.ts';
import type { Member } from './types.ts';

type Fields = Readonly<Record<string, string>>;

export const info = async (c: Connection, section: string): Promise<Fields> =>
  parseFields(await c.call('INFO', section));

/** The members that answer and call themselves a primary. */
export async function primariesAmong(ctx: Context, members: readonly Member[]): Promise<readonly Member[]> {
  const roles = await Promise.all(
    members.map((one) =>
      ctx.ask(one, async (c) => (await info(c, 'replication')).role).catch(() => undefined),
    ),
  );
  return members.filter((_, i) => roles[i] === 'master');
}

/** The one primary of a group without slots; waits for a failover, and rejects where there is none or more than one. */
export async function onlyPrimary(ctx: Context, members: readonly Member[]): Promise<Member> {
  const end = Date.now() + ctx.timeoutSeconds * 1000;
  let found = await primariesAmong(ctx, members);
  while (found.length !== 1 && Date.now() < end) {
    ctx.signal.throwIfAborted();
    ctx.say({ text: 'waiting until there is one primary' });
    await sleep(300);
    found = await primariesAmong(ctx, members);
  }
  const [one] = found;
  if (one && found.length === 1) return one;
  const names = found.map(({ name }) => name).join(' and ');
  throw new Error(
    found.length === 0
      ? `none of ${members.map(({ name }) => name).join(', ')} is a primary that answers`
      : `${names} all call themselves primary`,
  );
}

/** Asks until the answer is yes; rejects with what was waited for. */
export async function until(
  ctx: Pick<Context, 'signal'>,
  what: string,
  seconds: number,
  question: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (await question().catch(() => false)) return;
    ctx.signal.throwIfAborted();
    if (Date.now() > end) throw new Error(`after ${seconds} s it still waits until ${what}`);
    await sleep(100);
  }
}
