import { findEngine } from '../../local/engine.ts';
import { restartNode } from '../../local/live/restart.ts';
import type { LiveContext } from '../../local/live/types.ts';
import { observe } from '../../local/observe.ts';
import { readRecord } from '../../local/record.ts';
import type { StackNode } from '../../model/types.ts';
import { withConnection } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import type { Ground } from '../types.ts';
import type { NativeGround } from './native.ts';

/** Replicas first, then primaries after they have handed over, then Sentinels; each comes back before the next goes. */
export async function rollNatively(
  of: NativeGround,
  ground: Ground,
  say: (text: string) => void,
): Promise<void> {
  const { system, root, credentials, timeoutSeconds } = of;
  const { files, env } = system;
  const placed = ground.after;
  const engine = await findEngine(placed.engine, env);
  const ctx: LiveContext = {
    files,
    root,
    placed,
    credentials,
    start: { files, root, env, engine, waitSeconds: timeoutSeconds },
    timeoutSeconds,
    onProgress: say,
  };
  const { nodes: rows } = await observe({ model: placed, credentials });
  for (const role of ['replica', 'primary', 'sentinel'] as const)
    for (const row of rows.filter((one) => one.role === role)) {
      const node = placed.nodes.find(({ name }) => name === row.name);
      const running = (readRecord(files, root) ?? []).find(({ name }) => name === row.name);
      if (!node || !running || (await runs(of, node, engine.version))) continue;
      await restartNode(ctx, { node, running, role, settings: [], users: false, restart: [] });
    }
}

/** Whether this server is of the wanted engine and release already. */
async function runs(
  { credentials, after }: NativeGround,
  node: StackNode,
  version: string,
): Promise<boolean> {
  const info = await withConnection({ host: node.ip, port: node.port }, credentials, async (c) =>
    parseFields(await c.call('INFO', 'server')),
  );
  const name = info.valkey_version === undefined ? 'redis' : 'valkey';
  return name === after.engine.name && (info.valkey_version ?? info.redis_version) === version;
}
