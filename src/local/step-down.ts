import type { StackModel, StackNode } from '../model/types.ts';
import type { Credentials } from '../redis/connection.ts';
import { probeData } from '../redis/probe.ts';
import { handOver } from './live/handover.ts';

interface Group {
  readonly placed: StackModel;
  readonly credentials: Credentials;
}

/** Before a planned stop: a primary makes one of its replicas the primary. A node that does not answer is let go. */
export async function handOverIfPrimary(group: Group, node: StackNode): Promise<void> {
  if (node.role === 'sentinel') return;
  const facts = await probeData({ host: node.ip, port: node.port }, group.credentials).catch(() => undefined);
  if (facts?.role === 'primary') await handOver({ ...group, onProgress: () => undefined }, node);
}
