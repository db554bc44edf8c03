import type { Address } from '../../../src/model/types.ts';
import { type Connection, openConnection, type Words } from '../../../src/redis/connection.ts';
import { parseFields } from '../../../src/redis/replies.ts';
import { slotOf } from '../../../templates/client/src/slot.ts';
import type { Login } from './types.ts';

/** A primary as it is right now, over a connection of its own. */
export interface Holder {
  readonly at: Address;
  owns(key: string): boolean;
  readonly connection: Connection;
}

const PATIENCE_MS = 120_000;
const AT_ONCE = 2000;

/** Opens all primaries among these servers, works, and closes them. Rejects where a server does not answer. */
export async function withHolders<T>(
  addresses: readonly Address[],
  login: Login,
  work: (holders: readonly Holder[]) => Promise<T>,
): Promise<T> {
  const holders = await Promise.all(addresses.map((at) => openHolder(at, login)));
  const primaries = holders.filter(({ isPrimary }) => isPrimary);
  try {
    if (primaries.length === 0) throw new Error('none of these servers is a primary');
    return await work(primaries);
  } finally {
    for (const { connection } of holders) connection.close();
  }
}

async function openHolder(at: Address, login: Login): Promise<Holder & { readonly isPrimary: boolean }> {
  const credentials = { username: login.username ?? 'default', password: login.password ?? '' };
  const connection = await openConnection(at, credentials, PATIENCE_MS);
  const info = parseFields(await connection.call('INFO'));
  const isPrimary = info.role === 'master';
  if (info.cluster_enabled !== '1') return { at, connection, isPrimary, owns: () => true };
  const ranges = rangesIn(String(await connection.call('CLUSTER', 'NODES')));
  const owns = (key: string): boolean => {
    const slot = slotOf(key);
    return ranges.some(([from, to]) => slot >= from && slot <= to);
  };
  // A primary without slots serves nobody.
  return { at, connection, isPrimary, owns };
}

/** The slots of the node that was asked, from its CLUSTER NODES. */
function rangesIn(nodes: string): readonly (readonly [number, number])[] {
  const own = nodes.split('\n').find((line) => line.split(' ')[2]?.includes('myself')) ?? '';
  return own
    .trim()
    .split(' ')
    .slice(8)
    .filter((word) => /^\d/.test(word))
    .map((word) => {
      const [from = '', to = from] = word.split('-');
      return [Number(from), Number(to)] as const;
    });
}

/** All keys on this server that begin so, whether or not it owns their slots. */
export async function* keysOf({ connection }: Holder, prefix: string): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  do {
    const reply = await connection.call('SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '5000');
    const [next, keys] = reply as [string, string[]];
    cursor = next;
    // SCAN may give a key twice; and the pattern may fit more than the prefix.
    const found = [...new Set(keys)].filter((key) => key.startsWith(prefix));
    if (found.length > 0) yield found;
  } while (cursor !== '0');
}

/** The replies in order; an Error where that is the reply. */
export async function askAll(
  { connection }: Holder,
  commands: readonly Words[],
): Promise<readonly unknown[]> {
  const replies: unknown[] = [];
  for (let done = 0; done < commands.length; done += AT_ONCE)
    replies.push(...(await connection.batch(commands.slice(done, done + AT_ONCE))));
  return replies;
}

/** Sends each command to the primary that owns its key, which is the second word; throws where one is refused. */
export async function sendAll(holders: readonly Holder[], commands: readonly Words[]): Promise<void> {
  await Promise.all(
    holders.map(async (holder) => {
      const own = commands.filter(([, key]) => holder.owns(String(key)));
      const refused = (await askAll(holder, own)).find((reply) => reply instanceof Error);
      if (refused) throw refused;
    }),
  );
}
