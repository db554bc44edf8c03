import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openConnection } from '../redis/connection.ts';
import { parseFields, parsePairs } from '../redis/replies.ts';
import { info, until } from './ask.ts';
import type { Context } from './step.ts';
import type { Member } from './types.ts';

/** Longer than a switch takes, and short enough that clients outlive it if this process dies meanwhile. */
const PAUSE_MS = 10_000;
/** More replicas than anybody has: after the pause a primary that was not released refuses writes, and loses none. */
const NEVER = '16';
/** How long the new primary may take to have all, with writes standing still. */
const DRAIN_MS = 3000;

/** `yes` from the moment when the new primary has every write and the old one takes none. */
const TAKING = 'switch.taking';

/** Starts the new primary where it has ended meanwhile: as a replica, or as what it was about to become. */
export async function reviveNext(
  ctx: Context,
  next: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  if (await ctx.ground.isRunning(next)) return;
  await ctx.ground.start(next, ctx.journal.fact(TAKING) === 'yes' ? {} : { env });
  await until(ctx, `${next} answers`, ctx.timeoutSeconds, () =>
    ctx.ask(ctx.ground.member(next), async (c) => (await info(c, 'persistence')).loading === '0'),
  );
}

export interface Switch {
  /** Serves now; a foreign server where there is no member. */
  readonly old: { readonly name: string; open(): Promise<Connection> };
  readonly next: Member;
  /** True where the new primary is a cluster node. */
  readonly slots: boolean;
  /** False for a server that may not let itself be told; writes there are then held back by the pause alone. */
  readonly fence?: boolean;
  /** Right before writes are paused; for what takes long and must be over by then. */
  readonly before?: () => Promise<void>;
  /** Said on the old primary right before writes are paused there, and taken back where the switch fails. */
  readonly lastWord?: (old: Connection) => Promise<void>;
  readonly takeBack?: (old: Connection) => Promise<void>;
  /** As soon as the new primary serves, while the old one still stands still. */
  readonly after: (old: Connection, next: Connection) => Promise<void>;
}

/** Whether writes are refused on a server because a switch was cut off there. */
export async function isFenced(c: Connection): Promise<boolean> {
  const { 'min-replicas-to-write': held } = parsePairs(
    await c.call('CONFIG', 'GET', 'min-replicas-to-write'),
  );
  return held === NEVER;
}

/**
 * Makes a replica the primary in one short pause. Writes stand still on the old primary until they are served by the new
 * one; should this process die in between, the old one refuses them. Gives the milliseconds for which nobody took writes.
 */
export async function switchOver(ctx: Context, order: Switch): Promise<number> {
  const { old, next, before, after } = order;
  const from = await old.open();
  const to = await openConnection(next.at, ctx.credentials, 10_000);
  try {
    await before?.();
    if (!(await isPrimary(to))) await takeOver(ctx, order, { from, to });
    const began = Number(ctx.journal.fact('switch.began') ?? Date.now());
    await after(from, to);
    return Date.now() - began;
  } finally {
    from.close();
    to.close();
  }
}

interface Ends {
  readonly from: Connection;
  readonly to: Connection;
}

async function takeOver(ctx: Context, order: Switch, { from, to }: Ends): Promise<void> {
  const { old, next, slots, fence = true, lastWord, takeBack } = order;
  if (!(await isPrimary(from)))
    throw new Error(`${old.name} is no primary any more; begin again with a copy from the present one`);
  if (fence) await rememberFence(ctx, from);
  await expectClose(from, to, old.name, next);
  ctx.journal.note('switch.began', String(Date.now()));
  await lastWord?.(from);
  try {
    await standStill(from, to, fence);
    // From here on the replica may be started as the primary: it has every write, and the old one takes none.
    ctx.journal.noteSoon(TAKING, 'yes');
    await (slots ? to.call('CLUSTER', 'FAILOVER', 'TAKEOVER') : to.call('REPLICAOF', 'NO', 'ONE'));
    await untilServing(to, slots);
  } catch (error) {
    // Whoever was made primary stays it; writes on the old one begin again only where nobody else takes them.
    if (!(await isPrimary(to).catch(() => true))) {
      ctx.journal.note(TAKING, 'no');
      await release(ctx, from).catch(() => undefined);
      await takeBack?.(from).catch(() => undefined);
    }
    throw error;
  }
}

/** Holds writes on a primary until its replica has every one; fenced, it takes none after the pause either. */
export async function standStill(from: Connection, to: Connection, fence: boolean): Promise<void> {
  await from.call('CLIENT', 'PAUSE', String(PAUSE_MS), 'WRITE');
  await untilEqual(from, to);
  // Only now: a fenced server answers a write with an error at once, a paused one lets it wait.
  if (fence) await from.call('CONFIG', 'SET', 'min-replicas-to-write', NEVER);
  // Had this process been held up for longer than the pause, writes would have come in between.
  await untilEqual(from, to);
}

async function rememberFence(ctx: Context, from: Connection): Promise<void> {
  const values = parsePairs(await from.call('CONFIG', 'GET', 'min-replicas-to-write'));
  const held = values['min-replicas-to-write'] ?? '0';
  if (held !== NEVER) ctx.journal.note('fence.held', held);
}

/** Lets the old primary take writes again. */
export async function release(ctx: Context, from: Connection): Promise<void> {
  if (await isFenced(from).catch(() => false))
    await from.call('CONFIG', 'SET', 'min-replicas-to-write', ctx.journal.fact('fence.held') ?? '0');
  await from.call('CLIENT', 'UNPAUSE');
}

async function isPrimary(c: Connection): Promise<boolean> {
  return parseFields(await c.call('INFO', 'replication')).role === 'master';
}

/** A replica that is far behind would make the pause long: wait until it is near. */
async function expectClose(from: Connection, to: Connection, oldName: string, next: Member): Promise<void> {
  const near = 4 * 1024 * 1024;
  const end = Date.now() + 60_000;
  let lag = await lagOf(from, to);
  while (lag > near) {
    if (Date.now() > end)
      throw new Error(`${next.name} stays ${lag} bytes behind ${oldName} under the writes there are now`);
    await sleep(100);
    lag = await lagOf(from, to);
  }
}

/** How many bytes of writes the replica has not applied yet; endless where the link is down. */
export async function lagOf(from: Connection, to: Connection): Promise<number> {
  const [source, replica] = await Promise.all(
    [from, to].map(async (c) => parseFields(await c.call('INFO', 'replication'))),
  );
  if (replica?.master_link_status !== 'up') return Number.POSITIVE_INFINITY;
  return Number(source?.master_repl_offset) - Number(replica.slave_repl_offset);
}

async function untilEqual(from: Connection, to: Connection): Promise<void> {
  const end = Date.now() + DRAIN_MS;
  while ((await lagOf(from, to)) !== 0)
    if (Date.now() > end)
      throw new Error(`the replica did not have every write within ${DRAIN_MS} ms of standstill`);
}

async function untilServing(to: Connection, slots: boolean): Promise<void> {
  const end = Date.now() + PAUSE_MS / 2;
  for (;;) {
    const [state, primary] = await Promise.all([slots ? to.call('CLUSTER', 'INFO') : '', isPrimary(to)]);
    if (primary && (!slots || parseFields(state).cluster_state === 'ok')) return;
    if (Date.now() > end) throw new Error('the new primary does not serve');
  }
}
