import { setTimeout as sleep } from 'node:timers/promises';
import { dataNodes } from '../../model/build.ts';
import type { StackNode } from '../../model/types.ts';
import { ProblemError } from '../../problem.ts';
import { parseFields } from '../../redis/replies.ts';
import type { Marks } from './journal.ts';
import { ask, stopped } from './servers.ts';
import type { RotateContext, Session } from './types.ts';

const LINK_MS = 30_000;
const LOOK_MS = 500;

/** Where each node stands now: connections with lower numbers are older than this moment. */
export async function markSessions(ctx: RotateContext): Promise<Marks> {
  const marks = ctx.stack.placed.nodes.map((node) =>
    ask(ctx, node, async (c) => {
      const info = parseFields(await c.call('INFO', 'server'));
      const id = Number(await c.call('CLIENT', 'ID'));
      return [node.name, { run: info.run_id ?? '', before: id + 1 }] as const;
    }),
  );
  return Object.fromEntries(await Promise.all(marks));
}

/** Connections of these users that are older than the marks. A node that was started since has none. */
export async function olderSessions(
  ctx: RotateContext,
  users: ReadonlySet<string>,
  marks: Marks,
): Promise<readonly Session[]> {
  const found = ctx.stack.placed.nodes.map((node) =>
    ask(ctx, node, async (c) => {
      const mark = marks[node.name];
      const { run_id } = parseFields(await c.call('INFO', 'server'));
      if (mark === undefined || mark.run !== run_id) return [];
      const own = Number(await c.call('CLIENT', 'ID'));
      return parseSessions(node, String(await c.call('CLIENT', 'LIST'))).filter(
        ({ id, user }) => users.has(user) && id < mark.before && id !== own,
      );
    }),
  );
  return (await Promise.all(found)).flat();
}

/** Lines of CLIENT LIST: `id=3 addr=127.0.0.1:50000 name= age=7 flags=N user=app …`. */
export function parseSessions(node: StackNode, text: string): readonly Session[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('id='))
    .map((line) => {
      const fields = new Map(
        line.split(' ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
      const field = (name: string): string => fields.get(name) ?? '';
      return {
        node,
        id: Number(field('id')),
        user: field('user'),
        name: field('name'),
        address: field('addr'),
        ageSeconds: Number(field('age')),
        isReplica: field('flags').includes('S'),
      };
    });
}

/** Waits until no client is left on an old connection. Gives those that still are when time is up. */
export async function waitForClients(
  ctx: RotateContext,
  look: () => Promise<readonly Session[]>,
  graceSeconds: number,
): Promise<readonly Session[]> {
  const end = Date.now() + graceSeconds * 1000;
  for (;;) {
    const staying = (await look()).filter(({ isReplica }) => !isReplica);
    if (staying.length === 0 || Date.now() >= end) return staying;
    const users = [...new Set(staying.map(({ user }) => user))].sort().join(', ');
    ctx.onProgress(
      `waiting for ${staying.length} older connection${staying.length === 1 ? '' : 's'} of ${users}`,
    );
    await sleep(Math.min(LOOK_MS, Math.max(0, end - Date.now())));
  }
}

/** Ends sessions by their numbers; the links of replicas last and one by one, each back up before the next goes. */
export async function endSessions(ctx: RotateContext, sessions: readonly Session[]): Promise<void> {
  for (const session of sessions.filter((one) => !one.isReplica)) await kill(ctx, session);
  for (const session of sessions.filter((one) => one.isReplica)) {
    const { node } = session;
    const before = await linkedReplicas(ctx, node);
    ctx.onProgress(`${node.name} lets a replica log in anew`);
    await kill(ctx, session);
    const end = Date.now() + LINK_MS;
    while ((await linkedReplicas(ctx, node)) < before || !(await linksAreUp(ctx, node))) {
      if (Date.now() > end) throw new ProblemError(stopped(node, 'a replica did not come back'));
      await sleep(50);
    }
  }
}

async function kill(ctx: RotateContext, { node, id }: Session): Promise<void> {
  await ask(ctx, node, (c) => c.call('CLIENT', 'KILL', 'ID', String(id)));
}

/** Replicas that a primary feeds and that are in step. */
function linkedReplicas(ctx: RotateContext, node: StackNode): Promise<number> {
  return ask(ctx, node, async (c) => {
    const info = parseFields(await c.call('INFO', 'replication'));
    return Object.entries(info).filter(
      ([key, line]) => /^slave\d+$/.test(key) && line.includes('state=online'),
    ).length;
  });
}

async function linksAreUp(ctx: RotateContext, primary: StackNode): Promise<boolean> {
  const others = dataNodes(ctx.stack.placed.nodes).filter(
    (node) => node.shard === primary.shard && node !== primary,
  );
  const links = others.map((node) =>
    ask(ctx, node, async (c) => {
      const info = parseFields(await c.call('INFO', 'replication'));
      return info.role === 'master' || info.master_link_status === 'up';
    }),
  );
  return (await Promise.all(links)).every(Boolean);
}
