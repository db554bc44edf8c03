import { ProblemError, problem } from '../../problem.ts';
import type { Connection } from '../../redis/connection.ts';
import { foreignOrigin } from '../foreign.ts';
import type { Context, Step } from '../step.ts';
import { reviveNext, switchOver } from '../switch.ts';
import { adoption, copyNow } from './copy.ts';
import { settleNode } from './switch.ts';
import { settlePlain } from './switch-back.ts';

/** The first node of the stack takes over from the server that it has copied; that one refuses writes from then on. */
export const switchFromForeign = (to: string): Step => ({
  id: 'switch',
  title: `${to} takes over`,
  about: `Writes stand still on the other server until ${to} has every one; from then on it refuses them, and its clients are dropped.`,
  pause: 'from here on applications must use the new stack: their next write to the other server fails',
  final: true,
  run: async (ctx) => {
    const origin = foreignOrigin(ctx, ctx.ground.staged);
    if (ctx.journal.fact('switch.began') === undefined) await copyNow(ctx, to, origin);
    else await reviveNext(ctx, to, adoption(origin));
    const slots = ctx.ground.after.joins;
    const took = await switchOver(ctx, {
      old: { ...origin, open: () => expectPause(origin.open) },
      next: ctx.ground.member(to),
      slots,
      fence: await mayFence(origin.open),
      after: async (old) => dropClients(ctx, old, origin.name),
    });
    ctx.say({ text: `nobody took writes for ${took} ms` });
    await (slots ? settleNode(ctx, ctx.ground.member(to)) : settlePlain(ctx, to));
    await ownEncryption(ctx, to);
  },
});

/** What held towards the other server alone: whether it speaks TLS, and whom to believe there. */
async function ownEncryption({ ask, ground }: Context, to: string): Promise<void> {
  if (!ground.after.spec.security.tls) return;
  const own = ['tls-replication', 'yes', 'tls-ca-cert-file', ground.authority];
  const none = ['tls-client-cert-file', '', 'tls-client-key-file', ''];
  await ask(ground.member(to), (c) => c.call('CONFIG', 'SET', ...own, ...none));
}

async function mayFence(open: () => Promise<Connection>): Promise<boolean> {
  const c = await open();
  try {
    return Array.isArray(await c.call('CONFIG', 'GET', 'min-replicas-to-write'));
  } catch {
    return false;
  } finally {
    c.close();
  }
}

/** Without a pause nobody can tell which write was the last. */
async function expectPause(open: () => Promise<Connection>): Promise<Connection> {
  const c = await open();
  try {
    await c.call('CLIENT', 'UNPAUSE');
    return c;
  } catch (error) {
    c.close();
    throw new ProblemError(
      problem(
        'migrate/no-pause',
        '--from',
        `That server does not let this user pause its clients: ${(error as Error).message}.`,
        'Give a user with +client|pause, +client|unpause and +client|kill.',
      ),
    );
  }
}

async function dropClients(ctx: Context, old: Connection, name: string): Promise<void> {
  const held = ctx.journal.fact('fence.held');
  try {
    await old.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await old.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes');
  } catch (error) {
    ctx.warn(`Clients of ${name} could not be dropped: ${(error as Error).message}.`);
  }
  ctx.warn(
    held === undefined
      ? `${name} takes writes again in some seconds, for it does not let this user change its settings: stop its clients now.`
      : `${name} refuses writes from now on. Where it is to take them again: CONFIG SET min-replicas-to-write ${held}.`,
  );
}
