import type { StackModel } from '../../model/types.ts';
import type { Problem } from '../../problem.ts';
import type { System } from '../../system.ts';
import { takeLock } from '../../workspace/lock.ts';
import type { Held } from './choose.ts';
import { restartExporters, tellExporters } from './exporters.ts';
import { forgetJournal, type Journal, type Marks, writeJournal } from './journal.ts';
import { type Intention, type Prepared, prepare, type RotateOptions } from './prepare.ts';
import { writeEnv, writePasswords } from './secret-files.ts';
import { accept, changeOwnLogins, renderUsers } from './servers.ts';
import { endSessions, markSessions, olderSessions, waitForClients } from './sessions.ts';
import type { RotateContext, Session, Turn } from './types.ts';

export type { Intention, RotateOptions } from './prepare.ts';
export type { Session } from './types.ts';

/** How long Sentinels may take to log in anew, in seconds; it is a matter of one or two. */
const OWN_SECONDS = 15;

export interface Rotated extends Intention {
  /** `waiting`: both passwords are accepted, and some clients still use old connections. */
  readonly outcome: 'done' | 'waiting';
  /** Connections of clients that have not moved. */
  readonly staying: readonly Session[];
  /** Old connections that were ended. */
  readonly ended: readonly Session[];
  readonly warnings: readonly Problem[];
}

/** Says what would be done, and changes nothing. */
export async function planRotation(
  system: System,
  root: string,
  model: StackModel,
  options: RotateOptions,
): Promise<Intention> {
  return (await prepare(system, root, model, options)).intention;
}

/**
 * Changes passwords on a running stack: the new ones are accepted beside the old ones everywhere, then become those that
 * everybody uses, then the old ones are withdrawn, and what is left of their sessions is ended last. The secret files are
 * the record: a second line there is a rotation under way, and the next run goes on with it.
 */
export async function rotate(
  system: System,
  root: string,
  model: StackModel,
  options: RotateOptions,
): Promise<Rotated> {
  const release = takeLock(system.files, root);
  try {
    const prepared = await prepare(system, root, model, options);
    const { ctx, turns, intention } = prepared;
    mend(ctx, prepared.held);
    const marks = await introduce(prepared);
    const warnings = await restartExporters(system, ctx, turns);
    const users = new Set(turns.map(({ user }) => user.name));
    const look = () => olderSessions(ctx, users, marks);
    await waitForClients(ctx, async () => (await look()).filter(isSentinel), OWN_SECONDS);
    // Where nothing old is accepted any more the clients were waited for already.
    const isAccepted = turns.some(({ passwords }) => passwords.length > 1);
    const staying = isAccepted ? await waitForClients(ctx, look, options.graceSeconds) : [];
    if (staying.length > 0 && !options.force)
      return { ...intention, outcome: 'waiting', staying, ended: [], warnings };
    await withdraw(ctx, turns, { users: [...users], isWithdrawing: true, sessions: marks });
    const ended = await look();
    await endSessions(ctx, ended);
    forgetJournal(ctx.files, root);
    return { ...intention, outcome: 'done', staying: [], ended, warnings };
  } finally {
    release();
  }
}

const isSentinel = ({ user }: Session): boolean => user === 'sentinel';

/** Files that say something else than the servers accept. */
function mend({ files, root }: RotateContext, held: readonly Held[]): void {
  for (const { user, passwords, differs } of held)
    if (differs === 'file') writePasswords(files, root, user, passwords);
  const behind = held.filter(({ differs }) => differs === '.env');
  if (behind.length > 0)
    writeEnv(files, root, new Map(behind.map(({ user, passwords: [first = ''] }) => [user, first])));
}

/** Both passwords are accepted, then the new one is used. */
async function introduce({ ctx, turns, journal }: Prepared): Promise<Marks> {
  const { files, root } = ctx;
  ctx.onProgress('having every node accept the new passwords');
  const all = ({ passwords }: Turn) => passwords;
  await accept(ctx, turns, all);
  const marks = journal?.sessions ?? (await markSessions(ctx));
  const users = turns.map(({ user }) => user.name);
  if (journal === undefined) writeJournal(files, root, { users, isWithdrawing: false, sessions: marks });
  for (const { user, passwords, isResumed } of turns)
    if (!isResumed) writePasswords(files, root, user, passwords);
  writeEnv(files, root, new Map(turns.map(({ user, passwords: [next] }) => [user, next])));
  tellExporters(ctx, turns);
  // Again, for a node that was started in between took what the files held then.
  await accept(ctx, turns, all);
  await renderUsers(ctx);
  await changeOwnLogins(ctx, turns);
  return marks;
}

async function withdraw(ctx: RotateContext, turns: readonly Turn[], journal: Journal): Promise<void> {
  ctx.onProgress('withdrawing the old passwords');
  writeJournal(ctx.files, ctx.root, journal);
  const present = ({ passwords: [next] }: Turn) => [next];
  await accept(ctx, turns, present);
  for (const turn of turns) writePasswords(ctx.files, ctx.root, turn.user, present(turn));
  await renderUsers(ctx);
  await accept(ctx, turns, present);
}
