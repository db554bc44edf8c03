import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteBehindChange } from '../src/write-behind.js';
import { Table } from './source.ts';

export interface SlowStore {
  readonly url: string;
  readonly table: Table<number>;
  /** Pids of the workers whose batch is half written. */
  readonly midBatch: ReadonlySet<number>;
  close(): void;
}

/**
 * A store that worker processes write to, change by change, each of which takes its time; a worker that dies has written the
 * first part of its batch.
 */
export async function openSlowStore(changeMs: number): Promise<SlowStore> {
  const table = new Table<number>();
  const midBatch = new Set<number>();
  const server = createServer(async (request, response) => {
    const changes = await readChanges(request);
    const pid = Number(request.headers['x-pid']);
    table.batches.push(changes.length);
    for (const [index, change] of changes.entries()) {
      // The worker is gone, and its connection with it.
      if (response.destroyed) break;
      if (index >= changes.length / 2) midBatch.add(pid);
      table.write(change);
      if (changeMs > 0) await sleep(changeMs);
    }
    midBatch.delete(pid);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, table, midBatch, close };
}

async function readChanges(request: IncomingMessage): Promise<WriteBehindChange<number>[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as WriteBehindChange<number>[];
}
