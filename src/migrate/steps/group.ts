import { observe } from '../../local/observe.ts';
import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackModel } from '../../model/types.ts';
import { parseFields } from '../../redis/replies.ts';
import { onlyPrimary, until } from '../ask.ts';
import { untilAlone, unwatch, watch } from '../sentinels.ts';
import type { Context, Step } from '../step.ts';
import type { Member } from '../types.ts';
import { passwordRule } from '../users.ts';
import { newData } from './clients.ts';

const names = (nodes: StackModel['nodes']): readonly string[] => nodes.map(({ name }) => name);
const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((name) => !others.includes(name));

/** Nodes of one stack that the other one has not. */
export function difference(ctx: Context) {
  const { before, after } = ctx.ground;
  const [old, next] = [before, after].map((model) => ({
    data: names(dataNodes(model.nodes)),
    sentinels: names(sentinelNodes(model.nodes)),
  }));
  const none = { data: [], sentinels: [] };
  const [a, b] = [old ?? none, next ?? none];
  return {
    newData: without(b.data, a.data),
    newSentinels: without(b.sentinels, a.sentinels),
    goneData: without(a.data, b.data),
    goneSentinels: without(a.sentinels, b.sentinels),
  };
}

/** Users that the new stack has and the old one had not, on the servers that stay. */
export const users: Step = {
  id: 'users',
  title: 'New users on the present nodes',
  about: 'By ACL SETUSER; connections of others are left alone.',
  run: async (ctx) => {
    const { before, after } = ctx.ground;
    const known = new Set(before.users.map(({ name }) => name));
    const fresh = after.users.filter(({ name }) => !known.has(name));
    for (const { name } of dataNodes(before.nodes))
      await ctx.ask(ctx.ground.member(name), async (c) => {
        for (const user of fresh)
          await c.call(
            'ACL',
            'SETUSER',
            user.name,
            'reset',
            'on',
            passwordRule(ctx, user.name),
            ...user.rules,
          );
      });
  },
};

/** New replicas of the present primary, and new Sentinels once they are in step. */
export const growGroup: Step = {
  id: 'grow',
  title: 'New replicas and Sentinels',
  about: 'They start beside the present nodes; no data is moved by clients, and nobody waits.',
  run: async (ctx) => {
    const { newData: data, newSentinels: sentinels } = difference(ctx);
    await begin(ctx, data);
    await until(ctx, `${data.join(', ') || 'every replica'} follows the primary`, 3600, () => inStep(ctx));
    await begin(ctx, sentinels);
    await until(ctx, 'the new stack is whole', Math.max(ctx.timeoutSeconds, 60), () => isWhole(ctx));
  },
  undo: async (ctx) => {
    const { newData: data, newSentinels: sentinels } = difference(ctx);
    for (const name of [...sentinels, ...data])
      if (ctx.journal.fact(`began.${name}`) !== undefined) await ctx.ground.discard(name);
  },
};

async function begin(ctx: Context, some: readonly string[]): Promise<void> {
  for (const name of some) {
    const isBegun = ctx.journal.fact(`began.${name}`) !== undefined;
    ctx.journal.note(`began.${name}`, 'yes');
    ctx.say({ text: `starting ${name}` });
    await ctx.ground.start(name, { fresh: !isBegun });
  }
}

/** Every data node that stays or is new follows the one primary. */
async function inStep(ctx: Context): Promise<boolean> {
  const facts = await Promise.all(
    newData(ctx).map((one) => ctx.ask(one, async (c) => parseFields(await c.call('INFO', 'replication')))),
  );
  const behind = facts.filter(
    ({ role, master_link_status }) => role === 'slave' && master_link_status !== 'up',
  );
  ctx.say({ text: 'replicas copy', done: facts.length - behind.length, of: facts.length, unit: 'nodes' });
  return behind.length === 0;
}

async function isWhole(ctx: Context): Promise<boolean> {
  const { after } = ctx.ground;
  const placed = {
    ...after,
    nodes: after.nodes.map((node) => ({ ...node, ...here(ctx.ground.member(node.name)) })),
  };
  const { missing } = await observe({
    model: placed,
    credentials: ctx.credentials,
    announced: ({ name }) => ctx.ground.member(name).inside.port,
  });
  // A node that is still to leave is one replica more than the new stack has.
  if (missing[0]) ctx.say({ text: `waiting until ${missing[0]}` });
  return missing.length === 0;
}

const here = ({ at }: Member) => ({ ip: at.host, port: at.port });

/** A node that stays becomes the primary, where the present one is to go. */
export const keepPrimary: Step = {
  id: 'primary',
  title: 'A node that stays is the primary',
  about: 'Where the present primary is to go: it hands over, without a write that is lost.',
  pause: 'none, or some 100 ms where the primary has to change; clients of a Sentinel connect again',
  final: true,
  run: async (ctx) => {
    const { before, after } = ctx.ground;
    const present = await onlyPrimary(ctx, allData(ctx));
    const stays = names(dataNodes(after.nodes));
    await ctx.ask(present, (c) => c.call('CONFIG', 'SET', 'min-replicas-to-write', '0'));
    if (stays.includes(present.name)) return;
    const [first = ''] = stays;
    const next = ctx.ground.member(first);
    await unwatch(ctx);
    await failOver(ctx, present, next);
    await watch(ctx, { model: before, primary: next.inside, failover: true });
    await ctx.ask(present, (c) => c.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  },
};

/** Every data node of the old stack, and those of the new one. */
function allData(ctx: Context): readonly Member[] {
  const { before, after } = ctx.ground;
  const all = new Set(names(dataNodes([...before.nodes, ...after.nodes])));
  return [...all].map((name) => ctx.ground.member(name));
}

/** FAILOVER pauses writes, waits until the replica has all, and changes the roles. */
async function failOver(ctx: Context, from: Member, to: Member): Promise<void> {
  const where = ['TO', to.inside.host, String(to.inside.port), 'TIMEOUT', '5000'];
  await ctx.ask(from, (c) => c.call('FAILOVER', ...where));
  await until(ctx, `${to.name} is the primary`, 15, () =>
    ctx.ask(to, async (c) => parseFields(await c.call('INFO', 'replication')).role === 'master'),
  );
}

/** What the new stack has no use for any more ends; its data stays on disk. */
export const leaveGroup: Step = {
  id: 'leave',
  title: 'Nodes that go',
  about: 'Sentinels first, then replicas. Their data stays on disk.',
  final: true,
  run: async (ctx) => {
    const { goneData, goneSentinels } = difference(ctx);
    if (ctx.ground.after.sentinel === undefined) await untilAlone(ctx);
    for (const name of [...goneSentinels, ...goneData]) {
      ctx.say({ text: `${name} ends` });
      await ctx.ground.stop(name);
    }
    const { after } = ctx.ground;
    if (goneData.length + goneSentinels.length === 0 || after.sentinel === undefined) return;
    // So that the Sentinels forget those that have gone.
    const primary = await onlyPrimary(ctx, newData(ctx));
    await watch(ctx, { model: after, primary: primary.inside, failover: true });
    await until(ctx, 'the Sentinels know every node again', 60, () => isWhole(ctx));
  },
};

/** Settings of the servers that stay which follow from the number of nodes. */
export const tune: Step = {
  id: 'tune',
  title: 'Settings that follow from the topology',
  about: 'On the nodes that stay, by CONFIG SET; what a restart needs is for `update --live`.',
  run: async (ctx) => {
    const wanted = new Map(ctx.ground.after.directives.map(({ name, args }) => [name, args.join(' ')]));
    const settings = [
      'min-replicas-to-write',
      'min-replicas-max-lag',
      'repl-backlog-size',
      'repl-diskless-sync-delay',
    ];
    const known = settings.flatMap((name) => (wanted.has(name) ? [name, wanted.get(name) ?? ''] : []));
    const words = wanted.has('min-replicas-to-write') ? known : ['min-replicas-to-write', '0', ...known];
    for (const one of newData(ctx)) await ctx.ask(one, (c) => c.call('CONFIG', 'SET', ...words));
  },
};
