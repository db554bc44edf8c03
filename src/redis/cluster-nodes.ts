import type { Address } from '../model/types.ts';

/** From and to, both with. */
export type SlotRange = readonly [first: number, last: number];

/** One line of CLUSTER NODES. */
export interface ClusterLine {
  readonly id: string;
  readonly at: Address;
  readonly hostname: string | undefined;
  readonly flags: readonly string[];
  /** Id of the primary that a replica follows. */
  readonly primaryId: string | undefined;
  readonly epoch: number;
  readonly linkUp: boolean;
  readonly ranges: readonly SlotRange[];
  /** Slots on the move, as in `1234->-<id>`; a node tells this of itself only. */
  readonly openSlots: readonly string[];
}

/** `<id> <ip>:<port>@<bus>[,<hostname>[,...]] <flags> <primary> <ping> <pong> <epoch> <link> <slot> ...` */
export function parseClusterNodes(reply: unknown): readonly ClusterLine[] {
  return String(reply)
    .split(/\r?\n/)
    .filter((line) => line.includes(' '))
    .map(lineOf);
}

function lineOf(line: string): ClusterLine {
  const [id = '', address = '', flags = '', primary = '-', , , epoch = '0', link, ...slots] = line.split(' ');
  const [place = '', hostname = ''] = address.split(',');
  return {
    id,
    at: addressOf(place.replace(/@\d+$/, '')),
    hostname: hostname === '' || hostname.includes('=') ? undefined : hostname,
    flags: flags.split(','),
    primaryId: primary === '-' ? undefined : primary,
    epoch: Number(epoch),
    linkUp: link === 'connected',
    ranges: slots.map(parseRange).filter((range) => range !== undefined),
    openSlots: slots.filter((word) => word.startsWith('[')).map((word) => word.replace(/^\[|\]$/g, '')),
  };
}

/** The port stands after the last colon: an IPv6 address has more of them. */
function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, Math.max(0, colon)), port: Number(text.slice(colon + 1)) || 0 };
}

/** `0-5460` or `7`; undefined for anything else. */
export function parseRange(word: string): SlotRange | undefined {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
  return first === undefined ? undefined : [Number(first), Number(last ?? first)];
}
