import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many, percent } from '../../words.ts';

const NEAR = 0.8;

export const connectionLimit: Rule = {
  id: 'connection-limit',
  group: 'patterns',
  severity: 'error',
  title: 'Connections at the limit',
  looksAt: ['connected_clients', 'maxclients', 'rejected_connections'],
  why: 'Beyond maxclients a server turns every new connection away, also those of health checks, failover tools and people.',
  fix: 'Use fewer connections (a pool a process, bounded), end idle ones with `timeout`, or raise maxclients with the limit of open files.',
  sources: ['https://redis.io/docs/latest/develop/reference/clients/', 'https://valkey.io/topics/clients/'],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

interface Limit {
  readonly connected: number;
  readonly limit: number | undefined;
  readonly rejected: number;
  readonly rejecting: boolean;
  readonly near: boolean;
}

function limitOf(node: NodeFacts): Limit {
  const connected = number(node.info, 'connected_clients') ?? 0;
  const limit = number(node.info, 'maxclients') ?? number(node.settings, 'maxclients');
  return {
    connected,
    limit,
    rejected: number(node.info, 'rejected_connections') ?? 0,
    rejecting: (node.perSecond?.rejected_connections ?? 0) > 0,
    near: limit !== undefined && limit > 0 && connected >= limit * NEAR,
  };
}

function findOn(node: NodeFacts): readonly Found[] {
  const seen = limitOf(node);
  const { connected, limit, rejected, rejecting, near } = seen;
  if (!rejecting && !near && rejected === 0) return [];
  return [
    {
      severity: severityOf(seen),
      at: node.name,
      message: `${many(connected, 'connection')} ${connected === 1 ? 'is' : 'are'} open${share(seen)}; ${turnedAway(seen)}.`,
      evidence: [
        `connected_clients:${connected}`,
        `maxclients:${limit ?? '?'}`,
        `rejected_connections:${rejected}`,
      ],
      remedy: near
        ? 'Find who holds them with CLIENT LIST and bound its pool; a `timeout` ends idle ones. Raise maxclients only with the limit of open files of the process.'
        : 'Watch connected_clients for peaks, and bound the pools of clients. Protected mode turns connections away too: see the log.',
    },
  ];
}

const share = ({ connected, limit }: Limit): string =>
  limit === undefined ? '' : `, ${percent(connected / limit)} of the ${count(limit)} allowed`;

function turnedAway({ rejected, rejecting }: Limit): string {
  if (rejected === 0) return 'none has been turned away yet';
  const so = rejecting ? ', more of them right now' : '';
  return `${many(rejected, 'connection')} ${rejected === 1 ? 'has' : 'have'} been turned away${so}`;
}

function severityOf({ rejecting, near }: Limit): 'error' | 'warning' | 'note' {
  if (near) return rejecting ? 'error' : 'warning';
  return rejecting ? 'warning' : 'note';
}
