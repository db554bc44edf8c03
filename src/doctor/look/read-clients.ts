import { type ClientLine, isSubscribed, libraryOf, parseClients } from '../../redis/replies.ts';
import type { BlockedClient, ClientFacts, ClientGroup } from '../facts.ts';

/** CLIENT LIST without links between servers, Sentinels and the connection that asks (its id, where known). */
export function clientsOf(lists: readonly string[], self: string | undefined): ClientFacts {
  const all = lists.flatMap(parseClients);
  const outside = all.filter((client) => isOutside(client) && !isSelf(client, self));
  return {
    connected: outside.length,
    subscribed: outside.filter(isSubscribed).length,
    groups: groupsOf(outside),
    blocked: outside.filter(({ flags = '' }) => flags.includes('b')).map(blockedOf),
    largestOutputBytes: Math.max(0, ...outside.map(outputOf)),
  };
}

const count = (client: ClientLine, field: string): number => Number(client[field] ?? 0);

/** Output buffers: the fixed one in use, and the list beyond it. */
const outputOf = (client: ClientLine): number => count(client, 'obl') + count(client, 'omem');

const isOutside = ({ flags = '', user = '', name = '' }: ClientLine): boolean =>
  !/[SM]/.test(flags) && user !== 'sentinel' && !/^sentinel-[0-9a-f]{8}-(cmd|pubsub)$/.test(name);

const isSelf = (client: ClientLine, self: string | undefined): boolean =>
  self === undefined ? client.cmd === 'client|list' : client.id === self;

/** Many connections of one program are one line; the largest group comes first. */
function groupsOf(clients: readonly ClientLine[]): readonly ClientGroup[] {
  const groups = new Map<string, ClientGroup>();
  for (const client of clients) {
    const { user = '', name = '' } = client;
    const host = hostOf(client);
    const library = libraryOf(client);
    const key = JSON.stringify([user, host, name, library]);
    groups.set(key, { user, host, name, library, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

const blockedOf = (client: ClientLine): BlockedClient => ({
  user: client.user ?? '',
  name: client.name ?? '',
  host: hostOf(client),
  command: client.cmd ?? '',
  idleSeconds: count(client, 'idle'),
});

const hostOf = ({ addr = '' }: ClientLine): string => addr.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
