import { setTimeout as sleep } from 'node:timers/promises';
import { observe } from '../observe.ts';
import { terminate } from '../process.ts';
import { readRecord } from '../record.ts';
import { startNodes } from '../start.ts';
import { handOver } from './handover.ts';
import type { LiveContext, NodeWork } from './types.ts';

/**
 * Stops one node and starts it with the new configuration, after handing over where it is a primary; comes back when
 * the whole stack is healthy again, and rejects otherwise.
 */
export async function restartNode(ctx: LiveContext, { node, running, role }: NodeWork): Promise<void> {
  if (role === 'primary') {
    ctx.onProgress(`${node.name} hands over`);
    await handOver(ctx, node);
  }
  ctx.onProgress(`restarting ${node.name}`);
  const grace = ctx.placed.stopGraceSeconds * 1000;
  if (!(await terminate(running, grace)))
    throw new Error(`${node.name} did not end within ${grace / 1000} s`);
  await startNodes(ctx.start, ctx.placed, [node], readRecord(ctx.files, ctx.root) ?? []);
  await untilHealthy(ctx, node.name);
}

async function untilHealthy(ctx: LiveContext, name: string): Promise<void> {
  const end = Date.now() + ctx.timeoutSeconds * 1000;
  for (;;) {
    const { missing } = await observe({ model: ctx.placed, credentials: ctx.credentials });
    if (missing.length === 0) return;
    if (Date.now() > end)
      throw new Error(`after the restart of ${name} it still waits until ${missing.join('; ')}`);
    ctx.onProgress(`waiting until ${missing[0]}`);
    await sleep(200);
  }
}
