import type { Address } from '../../model/types.ts';
import type { ClusterNode } from '../facts.ts';

/** CLUSTER NODES: `<id> <ip>:<port>@<bus>[,<hostname>[,...]] <flags> <primary> <ping> <pong> <epoch> <link> <slot> ...` */
export function nodesOf(reply: unknown): readonly ClusterNode[] {
  return String(reply)
    .split(/\r?\n/)
    .filter((line) => /^[0-9a-f]{40} /.test(line))
    .map(nodeOf);
}

function nodeOf(line: string): ClusterNode {
  const [id = '', address = '', flags = '', primary = '-', , , , link, ...ranges] = line.split(' ');
  const [place = '', hostname = ''] = address.split(',');
  return {
    id,
    at: addressOf(place.replace(/@\d+$/, '')),
    hostname: hostname === '' || hostname.includes('=') ? undefined : hostname,
    flags: flags.split(','),
    primaryId: primary === '-' ? undefined : primary,
    linkUp: link === 'connected',
    slots: ranges.filter((range) => !range.startsWith('[')).reduce((sum, range) => sum + sizeOf(range), 0),
    openSlots: ranges.filter((range) => range.startsWith('[')).map((range) => range.replace(/^\[|\]$/g, '')),
  };
}

/** The port stands after the last colon: an IPv6 address has more of them. */
function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, Math.max(0, colon)), port: Number(text.slice(colon + 1)) || 0 };
}

function sizeOf(range: string): number {
  const [from, to = from] = range.split('-').map(Number);
  return from === undefined || to === undefined ? 0 : to - from + 1;
}

/** CLUSTER SLOTS, for who may not ask for NODES: nodes without slots, and what is on the move, are not in it. */
export function nodesOfSlots(reply: unknown): readonly ClusterNode[] {
  const nodes = new Map<string, ClusterNode>();
  for (const [from, to, ...members] of Array.isArray(reply) ? (reply as readonly Range[]) : []) {
    const all = members.map((member, i) => memberOf(member, i === 0 ? undefined : String(members[0]?.[2])));
    for (const node of all) {
      const slots = node.primaryId === undefined ? to - from + 1 : 0;
      nodes.set(node.id, { ...node, slots: (nodes.get(node.id)?.slots ?? 0) + slots });
    }
  }
  return [...nodes.values()];
}

type Member = readonly [host: unknown, port: number, id: string];
type Range = readonly [from: number, to: number, ...members: readonly Member[]];

const memberOf = ([host, port, id]: Member, primaryId: string | undefined): ClusterNode => ({
  id,
  at: { host: String(host ?? ''), port },
  hostname: undefined,
  flags: [primaryId === undefined ? 'master' : 'slave'],
  primaryId,
  linkUp: true,
  slots: 0,
  openSlots: [],
});
