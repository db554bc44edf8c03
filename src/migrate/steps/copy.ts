import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import type { Connection } from '../../redis/connection.ts';
import { countKeys, parseFields, partOfMemory } from '../../redis/replies.ts';
import { expectSameValues } from '../sample.ts';
import type { Context, Progress, Step } from '../step.ts';
import { lagOf } from '../switch.ts';
import type { Member } from '../types.ts';

type Fields = Readonly<Record<string, string>>;

/** A copy that has begun so often from nothing will not end. */
const MOST_COPIES = 4;

export interface Copy {
  /** The node that copies, which begins empty. */
  readonly to: string;
  /** Where it copies from: asked when the step begins, for a failover may have moved it. */
  readonly from: (ctx: Context) => Promise<Origin>;
}

export interface Origin {
  readonly name: string;
  /** Where the new node reaches it. */
  readonly inside: { readonly host: string; readonly port: number };
  readonly open: () => Promise<Connection>;
  /** More variables of adopt.sh. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A new node becomes a replica of the present primary and catches up. */
export const copy = ({ to, from }: Copy): Step => ({
  id: 'copy',
  title: `Copy to ${to}`,
  about: `${to} starts empty as a replica of the present primary and catches up; clients notice nothing.`,
  run: async (ctx) => {
    await copyNow(ctx, to, await from(ctx));
  },
  undo: async (ctx) => {
    if (ctx.journal.fact('copy.begun') !== undefined) await ctx.ground.discard(to);
  },
});

/** What a node is told that begins as a replica of this server. */
export const adoption = ({ inside, env }: Origin): Readonly<Record<string, string>> => ({
  STACK_ADOPT: `${inside.host}:${inside.port}`,
  ...env,
});

/** Begins the copy, or goes on with it; anew where another one has become primary since. */
export async function copyNow(ctx: Context, to: string, origin: Origin): Promise<void> {
  const begun = ctx.journal.fact('copy.begun');
  if (begun !== undefined && begun !== origin.name) await ctx.ground.discard(to);
  ctx.journal.note('copy.begun', origin.name);
  ctx.journal.note('copy.to', to);
  if (!(await ctx.ground.isRunning(to)))
    await ctx.ground.start(to, {
      fresh: begun !== origin.name,
      env: adoption(origin),
    });
  await caughtUp(ctx, origin, ctx.ground.member(to));
}

/** Waits until the replica has everything and is not busy with its own files. */
async function caughtUp(ctx: Context, origin: Origin, member: Member): Promise<void> {
  const source = await origin.open();
  try {
    const before = parseFields(await source.call('INFO', 'everything'));
    let aliveAt = Date.now();
    for (;;) {
      ctx.signal.throwIfAborted();
      await expectAlive(ctx, member);
      const [now, seen] = await Promise.all([
        source.call('INFO', 'everything').then(parseFields),
        ctx.ask(member, async (c) => parseFields(await c.call('INFO', 'everything'))).catch(() => undefined),
      ]);
      await expectProgress(ctx, member, before, now);
      if (seen && isComplete(seen)) break;
      const progress = progressOf(member, seen, now);
      if (progress.of !== undefined || progress.lagBytes !== undefined) aliveAt = Date.now();
      if (Date.now() - aliveAt > ctx.timeoutSeconds * 1000)
        throw new ProblemError(await noLink(ctx, origin, member));
      ctx.say(progress);
      await sleep(200);
    }
    await ctx.ask(member, async (c) => {
      await expectSame(source, c, member);
      const looked = await expectSameValues(source, c, member.name);
      const lagBytes = await lagOf(source, c);
      ctx.say({ text: `${member.name} has everything; ${looked} keys compared`, lagBytes });
    });
  } finally {
    source.close();
  }
}

async function noLink(ctx: Context, origin: Origin, { name }: Member) {
  const detail = (await ctx.ground.logs(name, 6)).split('\n');
  const silent = problem(
    'migrate/no-link',
    name,
    `It does not get through to ${origin.name} within ${ctx.timeoutSeconds} s. The end of its log:`,
    'Mend what the log says: the address as seen from there, the login, TLS.',
  );
  return { ...silent, detail };
}

function isComplete(seen: Fields): boolean {
  const busy =
    seen.loading === '1' || seen.aof_rewrite_in_progress === '1' || seen.aof_rewrite_scheduled === '1';
  return seen.master_link_status === 'up' && !busy;
}

function progressOf({ name }: Member, seen: Fields | undefined, source: Fields): Progress {
  if (seen === undefined) return { text: `${name} starts` };
  if (seen.loading === '1') {
    const [done, of] = [Number(seen.loading_loaded_bytes), Number(seen.loading_total_bytes)];
    return { text: `${name} loads the copy`, ...(of > 0 ? { done, of, unit: 'bytes' as const } : {}) };
  }
  if (seen.master_sync_in_progress === '1') {
    // A copy through the socket has no size before it ends; the source's memory is the upper bound.
    const total = Number(seen.master_sync_total_bytes);
    const of = total > 0 ? total : partOfMemory(source, 'used_memory_dataset');
    const done = Math.min(of ?? 0, Number(seen.master_sync_read_bytes));
    return { text: `${name} receives the copy`, ...(of ? { done, of, unit: 'bytes' as const } : {}) };
  }
  if (seen.master_link_status === 'up')
    return { text: `${name} writes its files`, lagBytes: lag(source, seen) };
  return { text: `${name} waits for its primary` };
}

const lag = (source: Fields, seen: Fields): number =>
  Math.max(0, Number(source.master_repl_offset) - Number(seen.slave_repl_offset));

async function expectAlive(ctx: Context, member: Member): Promise<void> {
  if (await ctx.ground.isRunning(member.name)) return;
  const detail = (await ctx.ground.logs(member.name, 8)).split('\n');
  const ended = problem(
    'migrate/node-ended',
    member.name,
    'It ended while it copied. The end of its log:',
    'The data is where it was.',
  );
  throw new ProblemError({ ...ended, detail });
}

/** A copy that breaks off again and again: the reason is told by the figures of the source. */
async function expectProgress(ctx: Context, member: Member, before: Fields, now: Fields): Promise<void> {
  const copies = Number(now.sync_full) - Number(before.sync_full);
  if (copies <= MOST_COPIES) return;
  const cut = 'client_output_buffer_limit_disconnections';
  const isTooSlow = Number(now[cut] ?? 0) > Number(before[cut] ?? 0);
  const detail = (await ctx.ground.logs(member.name, 6)).split('\n');
  const never = problem(
    'migrate/never-catches-up',
    member.name,
    isTooSlow
      ? `The copy was begun ${copies} times: writes come in faster than it takes them, and the source cuts it off at client-output-buffer-limit.`
      : `The copy was begun ${copies} times and never ended. The end of its log:`,
    isTooSlow
      ? 'Raise it there for the time: CONFIG SET client-output-buffer-limit "replica 2gb 1gb 300"; or migrate when there are fewer writes.'
      : 'Mend what the log says, such as a full disk.',
  );
  throw new ProblemError({ ...never, ...(isTooSlow ? {} : { detail }) });
}

/** A replica that refused a command of its primary has other data than it, and would go on with that. */
async function expectSame(source: Connection, replica: Connection, { name }: Member): Promise<void> {
  const seen = parseFields(await replica.call('INFO', 'errorstats'));
  const info = parseFields(await source.call('INFO', 'keyspace'));
  const others = Object.keys(info).filter((key) => /^db[1-9]/.test(key));
  const clustered = parseFields(await replica.call('INFO', 'cluster')).cluster_enabled === '1';
  const [here, there] = [countKeys(info), countKeys(parseFields(await replica.call('INFO', 'keyspace')))];
  const hasErrors = Object.keys(seen).length > 0;
  if (clustered && others.length > 0) throw new ProblemError(otherDatabases(others, hasErrors));
  // Keys that expire are counted by the one and not by the other; a quarter is no such difference.
  if (Math.abs(here - there) > Math.max(1000, here / 4))
    throw new Error(`${name} has ${there} keys, its primary has ${here}`);
}

function otherDatabases(databases: readonly string[], hasErrors: boolean) {
  return problem(
    'migrate/other-databases',
    databases.join(', '),
    `A cluster has database 0 alone${hasErrors ? ', and the new node has refused writes to another one' : ''}.`,
    'Move those keys to database 0 under a prefix, or delete them, then migrate again.',
  );
}
