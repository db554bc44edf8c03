import type { Address } from './description.js';
import type { TestServer } from './testing-server.js';

/** Servers that belong together. */
export interface TestGroup {
  /** Where a client begins. */
  readonly addresses: readonly Address[];
  /** Those that have data. */
  readonly nodes: readonly TestServer[];
  /** All of them. */
  readonly servers: readonly TestServer[];
  /** The server that holds a key, as far as those that can be asked know. */
  primary(key: string): Promise<TestServer>;
  /** Has another server take the place of the one that holds a key. */
  failover(key: string): Promise<void>;
}

export const addressesOf = (servers: readonly TestServer[]): readonly Address[] =>
  servers.map(({ port }) => ({ host: '127.0.0.1', port }));

/** What `INFO replication` says. */
export async function replicationOf(server: TestServer): Promise<ReadonlyMap<string, string>> {
  const text = String(await server.command('INFO', 'replication'));
  return new Map(
    [...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** Whether a server that can be asked is a primary, or a replica in step with one. */
export async function isInStep(server: TestServer): Promise<boolean> {
  const facts = await replicationOf(server);
  return facts.get('role') === 'master' || facts.get('master_link_status') === 'up';
}

export async function every<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(items.map(holds))).every(Boolean);
}
