import { dataNodes } from '../../model/build.ts';
import type { Connection } from '../../redis/connection.ts';
import { parsePairs } from '../../redis/replies.ts';
import { type Context, replicaLogin, type Step } from '../step.ts';

/** Writes that a replica may miss and still catch up without a full copy. */
const BACKLOG_BYTES = 64 * 1024 * 1024;

/** What is changed for the time of the migration, and put back where it is undone. */
const PUT_BACK = ['repl-backlog-size', 'repl-diskless-sync-delay'] as const;

/** The present servers get what it takes to feed a new replica, and to become one themselves. */
export const ready: Step = {
  id: 'ready',
  title: 'Ready the present nodes',
  about:
    'A larger replication backlog, no delay before a copy, and the login of a replica; by CONFIG SET alone.',
  run: async (ctx) => {
    for (const name of presentData(ctx))
      await ctx.ask(ctx.ground.member(name), async (c) => {
        const held = await remember(ctx, c, name);
        const backlog = Math.max(BACKLOG_BYTES, Number(held['repl-backlog-size']));
        const login = replicaLogin(ctx);
        await c.call(
          'CONFIG',
          'SET',
          'repl-backlog-size',
          String(backlog),
          'repl-diskless-sync-delay',
          '0',
          ...login,
        );
      });
  },
  undo: async (ctx) => {
    for (const name of presentData(ctx)) {
      const values = PUT_BACK.flatMap((setting) => {
        const held = ctx.journal.fact(`ready.${name}.${setting}`);
        return held === undefined ? [] : [setting, held];
      });
      if (values.length > 0)
        await ctx.ask(ctx.ground.member(name), (c) => c.call('CONFIG', 'SET', ...values));
    }
  },
};

const presentData = ({ ground }: Context): readonly string[] =>
  dataNodes(ground.before.nodes).map(({ name }) => name);

async function remember(
  ctx: Context,
  c: Connection,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const held = parsePairs(await c.call('CONFIG', 'GET', 'repl-*'));
  for (const setting of PUT_BACK) {
    const fact = `ready.${name}.${setting}`;
    if (ctx.journal.fact(fact) === undefined) ctx.journal.note(fact, held[setting] ?? '');
  }
  return held;
}
