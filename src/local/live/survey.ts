import { readConf } from '../../engines/conf-lines.ts';
import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackNode } from '../../model/types.ts';
import { withConnection } from '../../redis/connection.ts';
import { parsePairs } from '../../redis/replies.ts';
import { inside } from '../../workspace/paths.ts';
import type { NodeStatus } from '../observe.ts';
import { nodeFolder, type RunningNode } from '../record.ts';
import { differences, type Setting } from './differences.ts';
import type { LiveContext, NodeWork } from './types.ts';

/** Asks every running node what it has other than the files say; replicas first, then primaries, then Sentinels. */
export async function survey(
  ctx: LiveContext,
  record: readonly RunningNode[],
  rows: readonly NodeStatus[],
): Promise<readonly NodeWork[]> {
  const running = new Map(record.map((node) => [node.name, node]));
  const roles = new Map(rows.map((row) => [row.name, row.role]));
  const looks = ctx.placed.nodes.map(async (node): Promise<NodeWork[]> => {
    const known = running.get(node.name);
    const role = roles.get(node.name);
    if (!known || !role) return [];
    const found = role === 'sentinel' ? await lookAtSentinel(ctx, node) : await lookAtData(ctx, node);
    return [{ node, running: known, role, users: usersDiffer(ctx, node), ...found }];
  });
  const all = (await Promise.all(looks)).flat();
  return (['replica', 'primary', 'sentinel'] as const).flatMap((role) => all.filter((w) => w.role === role));
}

type Found = Pick<NodeWork, 'settings' | 'restart'>;

async function lookAtData(ctx: LiveContext, node: StackNode): Promise<Found> {
  const values = await withConnection({ host: node.ip, port: node.port }, ctx.credentials, async (c) =>
    parsePairs(await c.call('CONFIG', 'GET', '*')),
  );
  const { live, restart } = differences({
    engine: ctx.placed.engine,
    wanted: sharedConf(ctx),
    taken: ctx.files.read(takenConf(ctx, node)),
    values,
  });
  return { settings: live, restart };
}

/** The configuration that all data nodes share, as it stands on disk now. */
export function sharedConf({ files, root }: LiveContext): string {
  return files.read(inside(root, 'conf/redis.conf')) ?? '';
}

/** Where a node keeps the shared configuration that it was started with, or was given since. */
export function takenConf({ root }: LiveContext, node: StackNode): string {
  return `${nodeFolder(root, node.name)}/conf/shared.conf`;
}

async function lookAtSentinel(ctx: LiveContext, node: StackNode): Promise<Found> {
  const name = ctx.placed.sentinel?.primaryName ?? '';
  const facts = await withConnection({ host: node.ip, port: node.port }, ctx.credentials, async (c) =>
    parsePairs(await c.call('SENTINEL', 'MASTER', name)),
  );
  const text = ctx.files.read(inside(ctx.root, 'conf/sentinel.conf')) ?? '';
  const wanted = readConf(text).flatMap(({ args }) => sentinelSetting(args));
  const settings = wanted
    .map((setting): Setting => ({ ...setting, present: facts[setting.name] }))
    .filter((setting) => setting.present !== undefined && setting.present !== setting.value);
  return { settings, restart: [] };
}

/** `monitor <name> <host> <port> <quorum>` and `<option> <name> <value>`, as SENTINEL SET takes them. */
function sentinelSetting([option = '', , ...values]: readonly string[]): readonly Omit<Setting, 'present'>[] {
  if (option === 'monitor') return [{ name: 'quorum', value: values[2] ?? '' }];
  return values[0] === undefined ? [] : [{ name: option, value: values[0] }];
}

/** The running user file is the shared one with password hashes put in. */
function usersDiffer({ files, root }: LiveContext, node: StackNode): boolean {
  const name = node.role === 'sentinel' ? 'sentinel-users.acl' : 'users.acl';
  const rules = (text: string) =>
    text
      .split(/\r?\n/)
      .filter((line) => line.startsWith('user '))
      .map((line) => line.replace(/ #[0-9a-f]{64}(?= |$)/g, ''))
      .join('\n');
  const running = files.read(`${nodeFolder(root, node.name)}/conf/users.acl`) ?? '';
  return rules(files.read(inside(root, `conf/${name}`)) ?? '') !== rules(running);
}

/** The nodes of a model by what they do, for whoever must not ask for a topology. */
export function groupsOf({ placed }: Pick<LiveContext, 'placed'>) {
  return { data: dataNodes(placed.nodes), sentinels: sentinelNodes(placed.nodes) };
}
