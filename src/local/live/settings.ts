import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { nodeEnvironment } from '../../model/environment.ts';
import { type Connection, withConnection } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import { inside, SECRETS } from '../../workspace/paths.ts';
import { nodeFolder } from '../record.ts';
import type { Setting } from './differences.ts';
import { sharedConf, takenConf } from './survey.ts';
import type { LiveContext, NodeWork } from './types.ts';

/** A large server takes a while to write its files: as long as it says that it is at work, it is waited for. */
const PATIENCE_MS = 6 * 3600 * 1000;
/** A command that the server carries out while nobody else is served, such as freeing memory. */
const SLOW_CALL_MS = 30_000;

/** Gives a running node the settings and users that its files have; rejects, with the node as it was, where it refuses. */
export async function giveSettings(ctx: LiveContext, work: NodeWork): Promise<void> {
  if (work.users) await loadUsers(ctx, work);
  if (work.settings.length === 0) return;
  const { ip: host, port } = work.node;
  await withConnection(
    { host, port },
    ctx.credentials,
    (c) => (work.role === 'sentinel' ? setSentinel(ctx, c, work.settings) : setData(ctx, c, work)),
    SLOW_CALL_MS,
  );
}

async function setSentinel(ctx: LiveContext, c: Connection, settings: readonly Setting[]): Promise<void> {
  const name = ctx.placed.sentinel?.primaryName ?? '';
  for (const { name: option, value } of settings) await c.call('SENTINEL', 'SET', name, option, value);
}

async function setData(ctx: LiveContext, c: Connection, work: NodeWork): Promise<void> {
  const log = work.settings.find((s) => s.name === 'appendonly');
  const others = work.settings.filter((s) => s !== log);
  const before = others.flatMap((s) => [s.name, s.present ?? '']);
  // One call, which the server takes as a whole or not at all.
  if (others.length > 0) await c.call('CONFIG', 'SET', ...others.flatMap((s) => [s.name, s.value]));
  try {
    if (log?.value === 'yes') await switchLogOn(ctx, c, work);
    if (log?.value === 'no') await switchLogOff(ctx, c, work);
    await c.call('CONFIG', 'REWRITE');
  } catch (error) {
    if (before.length > 0) await c.call('CONFIG', 'SET', ...before);
    throw error;
  }
  // Where nothing waits for a restart the node now has the whole file.
  if (work.restart.length === 0) ctx.files.write(takenConf(ctx, work.node), sharedConf(ctx), 0o600);
}

/**
 * The log is switched on in the running server and waited for: a start with `appendonly yes` over a snapshot would
 * begin with nothing. What an earlier log left is put aside first, for it would win over newer data.
 */
async function switchLogOn(ctx: LiveContext, c: Connection, { node }: NodeWork): Promise<void> {
  ctx.onProgress(`${node.name} writes its append-only file`);
  retire(ctx, node.name, 'appendonlydir');
  remember(ctx, node.name, 'aof');
  await c.call('CONFIG', 'SET', 'appendonly', 'yes');
  await whenDone(c, (info) => {
    const busy = info.aof_rewrite_in_progress === '1' || info.aof_rewrite_scheduled === '1';
    if (!busy && info.aof_last_bgrewrite_status !== 'ok')
      throw new Error('the append-only file could not be written');
    return !busy && info.aof_enabled === '1';
  });
}

/** A snapshot first, so that what the log held is on disk in the other form before the log ends. */
async function switchLogOff(ctx: LiveContext, c: Connection, { node }: NodeWork): Promise<void> {
  const keeps = /^save\s+(?!"")/m.test(sharedConf(ctx));
  if (keeps) {
    ctx.onProgress(`${node.name} writes a snapshot`);
    await saveNow(c);
  }
  remember(ctx, node.name, keeps ? 'rdb' : 'none');
  await c.call('CONFIG', 'SET', 'appendonly', 'no');
  retire(ctx, node.name, 'appendonlydir');
}

async function saveNow(c: Connection): Promise<void> {
  const before = parseFields(await c.call('INFO', 'persistence'));
  await c.call('BGSAVE', 'SCHEDULE');
  await whenDone(c, (info) => {
    const busy = info.rdb_bgsave_in_progress === '1' || info.aof_rewrite_in_progress === '1';
    const newer = Number(info.rdb_saves ?? 1) > Number(before.rdb_saves ?? 0);
    if (!busy && info.rdb_last_bgsave_status !== 'ok') throw new Error('the snapshot could not be written');
    return !busy && newer;
  });
}

async function whenDone(
  c: Connection,
  done: (info: Readonly<Record<string, string>>) => boolean,
): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!done(parseFields(await c.call('INFO', 'persistence')))) {
    if (Date.now() > end) throw new Error('the server did not finish writing its files');
    await sleep(100);
  }
}

/** How the node keeps its data, for its next start (see start-node.sh). */
function remember(ctx: LiveContext, node: string, mode: 'aof' | 'rdb' | 'none'): void {
  const path = `${nodeFolder(ctx.root, node)}/data/.persistence`;
  ctx.files.write(`${path}.new`, `${mode}\n`, 0o600);
  ctx.files.move(`${path}.new`, path);
}

/** Out of the server's way, and not gone: one generation is kept. */
function retire(ctx: LiveContext, node: string, name: string): void {
  const data = `${nodeFolder(ctx.root, node)}/data`;
  if (ctx.files.kind(`${data}/${name}`) === undefined) return;
  ctx.files.remove(`${data}/retired/${name}`);
  ctx.files.move(`${data}/${name}`, `${data}/retired/${name}`);
}

/** Renders the user file as a start does and has the server take it; a file that it refuses is put back. */
async function loadUsers(ctx: LiveContext, { node }: NodeWork): Promise<void> {
  const folder = nodeFolder(ctx.root, node.name);
  const path = `${folder}/conf/users.acl`;
  const before = ctx.files.read(path);
  await execa('sh', [inside(ctx.root, 'conf/scripts/start-node.sh'), 'users'], {
    cwd: folder,
    env: {
      PATH: ctx.start.env.PATH,
      ...nodeEnvironment(ctx.placed, node),
      STACK_RUN: `${folder}/conf`,
      STACK_DATA: `${folder}/data`,
      STACK_SECRETS: inside(ctx.root, SECRETS),
    },
    extendEnv: false,
    timeout: SLOW_CALL_MS,
  });
  try {
    await withConnection({ host: node.ip, port: node.port }, ctx.credentials, (c) => c.call('ACL', 'LOAD'));
  } catch (error) {
    if (before !== undefined) ctx.files.write(path, before, 0o600);
    throw error;
  }
}
