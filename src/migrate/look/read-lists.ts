import { type ClientLine, isSubscribed, libraryOf, parseClients } from '../../redis/replies.ts';
import type { BufferLimit, ClientFacts, ClientGroup, ClusterFacts } from './facts.ts';

/** `client-output-buffer-limit` as CONFIG GET gives it: `normal 0 0 0 slave 268435456 67108864 60 pubsub ...`. */
export function bufferLimitOf(value: string | undefined): BufferLimit | undefined {
  const words = (value ?? '').split(/\s+/);
  const at = words.findIndex((word) => word === 'slave' || word === 'replica');
  const [hardBytes, softBytes, softSeconds] = words.slice(at + 1, at + 4).map(Number);
  if (at < 0 || hardBytes === undefined || softBytes === undefined || softSeconds === undefined)
    return undefined;
  return { hardBytes, softBytes, softSeconds };
}

/** Clients out of CLIENT LIST, without links between servers and the connection that asks. */
export function clientsOf(reply: unknown, self: string): ClientFacts {
  const all = parseClients(reply);
  const outside = all.filter(
    // A Sentinel listens to every data node, and is no application.
    ({ id, flags = '', user = '' }) => id !== self && !/[SM]/.test(flags) && user !== 'sentinel',
  );
  const flagged = (flag: string) => outside.filter(({ flags = '' }) => flags.includes(flag)).length;
  return {
    connected: outside.length,
    blocked: flagged('b'),
    subscribed: outside.filter(isSubscribed).length,
    watching: outside.filter(({ watch = '0' }) => watch !== '0').length,
    groups: groupsOf(outside),
  };
}

/** Many connections of one program are one line; the largest group comes first. */
function groupsOf(clients: readonly ClientLine[]): readonly ClientGroup[] {
  const groups = new Map<string, ClientGroup>();
  for (const client of clients) {
    const user = client.user ?? '';
    const name = client.name ?? '';
    const library = libraryOf(client);
    const key = JSON.stringify([user, name, library]);
    groups.set(key, { user, name, library, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** `nodes` is CLUSTER NODES, in which a node shows its own open slots as `[slot->-id]` and `[slot-<-id]`. */
export function clusterOf(info: Readonly<Record<string, string>>, nodes: unknown): ClusterFacts {
  const own = String(nodes)
    .split(/\r?\n/)
    .find((line) => line.includes('myself'));
  return {
    state: info.cluster_state ?? 'unknown',
    slotsOk: Number(info.cluster_slots_ok ?? 0),
    knownNodes: Number(info.cluster_known_nodes ?? 0),
    shards: Number(info.cluster_size ?? 0),
    openSlots: [...(own ?? '').matchAll(/\[([^\]]+)\]/g)].map(([, slot = '']) => slot),
  };
}
