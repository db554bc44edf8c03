import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackNode } from '../../model/types.ts';
import { ProblemError, problem } from '../../problem.ts';
import { type Connection, withConnection } from '../../redis/connection.ts';
import { credentialsOf } from '../credentials.ts';
import type { RotateContext, Turn } from './types.ts';

/** How long a node may be away, for instance because it restarts, before the rotation stops. */
const PATIENCE_MS = 20_000;

/** Asks a node as `admin`; again for a while where it does not answer. What it refuses it would refuse again. */
export async function ask<T>(
  ctx: RotateContext,
  node: StackNode,
  question: (c: Connection) => Promise<T>,
): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { files, root, stack } = ctx;
      // Read each time: it may be the password of `admin` that is being changed.
      const login = credentialsOf(files, root, 'admin', stack.placed);
      return await withConnection({ host: node.ip, port: node.port }, login, question, 5000);
    } catch (error) {
      const { message } = error as Error;
      const isRefusal = /^[A-Z]+ /.test(message) && !/^(LOADING|BUSY|MASTERDOWN) /.test(message);
      if (isRefusal || Date.now() > end) throw new ProblemError(stopped(node, message));
      await sleep(300);
    }
  }
}

export function stopped(node: StackNode, said: string) {
  return problem(
    'rotate/stopped',
    node.name,
    `It does not take its part: ${said}. Every password that was valid before is still accepted.`,
    'Mend what it says (`status`, the logs), then run `rotate` again: it goes on where it stopped.',
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The users that a node knows: Sentinels have a list of their own. */
export function usersOf({ stack: { placed } }: RotateContext, node: StackNode): ReadonlySet<string> {
  const users = node.role === 'sentinel' ? (placed.sentinel?.users ?? []) : placed.users;
  return new Set(users.map(({ name }) => name));
}

/** Has every node accept exactly these passwords. Sessions are not touched, as ACL LOAD would on some releases. */
export async function accept(
  ctx: RotateContext,
  turns: readonly Turn[],
  passwords: (turn: Turn) => readonly string[],
): Promise<void> {
  await eachNode(ctx, async (node) => {
    const known = usersOf(ctx, node);
    const wanted = turns.filter(({ user }) => known.has(user.name));
    await ask(ctx, node, async (c) => {
      for (const turn of wanted) await acceptOf(c, turn.user.name, passwords(turn).map(sha256));
    });
  });
}

async function acceptOf(c: Connection, user: string, wanted: readonly string[]): Promise<void> {
  const flat = (await c.call('ACL', 'GETUSER', user)) as unknown[] | null;
  const at = flat?.indexOf('passwords') ?? -1;
  if (!flat || at < 0) throw new Error(`ERR it has no user '${user}'`);
  const present = (flat[at + 1] as unknown[]).map(String);
  const changes = [
    ...wanted.filter((hash) => !present.includes(hash)).map((hash) => `#${hash}`),
    ...present.filter((hash) => !wanted.includes(hash)).map((hash) => `!${hash}`),
  ];
  if (changes.length > 0) await c.call('ACL', 'SETUSER', user, ...changes);
}

/** Has the nodes themselves log in with the new passwords: replicas at primaries, Sentinels at all and at each other. */
export async function changeOwnLogins(ctx: RotateContext, turns: readonly Turn[]): Promise<void> {
  const next = new Map(turns.map(({ user, passwords }) => [user.name, passwords[0]]));
  const { placed } = ctx.stack;
  const replication = next.get('replication');
  if (replication !== undefined)
    await Promise.all(
      dataNodes(placed.nodes).map((node) =>
        ask(ctx, node, async (c) => {
          await c.call('CONFIG', 'SET', 'masterauth', replication);
          await c.call('CONFIG', 'REWRITE');
        }),
      ),
    );
  const sentinel = next.get('sentinel');
  if (sentinel === undefined) return;
  // One after the other: each lets go of its connections and makes them anew.
  for (const node of sentinelNodes(placed.nodes))
    await ask(ctx, node, async (c) => {
      await c.call('SENTINEL', 'SET', placed.sentinel?.primaryName ?? '', 'auth-pass', sentinel);
      await c.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', sentinel);
    });
}

/** Writes the user file of every node as its next start would, so that an ACL LOAD by hand finds what is so already. */
export async function renderUsers(ctx: RotateContext): Promise<void> {
  await eachNode(ctx, async (node) => {
    const { code, stderr } = await ctx.stack.script(node, 'start-node.sh', ['users']);
    if (code !== 0) throw new ProblemError(stopped(node, stderr.trim() || 'its users cannot be written'));
  });
}

async function eachNode({ stack }: RotateContext, work: (node: StackNode) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(stack.placed.nodes.map(work));
  const failures = ends.filter((end) => end.status === 'rejected').map((end) => end.reason as unknown);
  const problems = failures.flatMap((error) => (error instanceof ProblemError ? error.problems : []));
  if (problems.length > 0) throw new ProblemError(...problems);
  if (failures.length > 0) throw failures[0];
}
