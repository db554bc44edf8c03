import { isCrowded } from './nodes.ts';
import { type AlertRule, always, EVERYWHERE, warning } from './types.ts';

export const clientAlerts: readonly AlertRule[] = [
  {
    name: 'RedisConnectionsRejected',
    group: 'clients',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 0,
    expr: (f) =>
      `increase(${f.data('redis_rejected_connections_total')}[${f.clock.window(300)}]) > 0 or ${isCrowded(f)}`,
    summary: 'Node <node> turns clients away',
    description: 'maxclients is reached: new connections are closed with an error.',
    remedy: (c) =>
      `See who holds them with \`${c.cli} CLIENT LIST\`; a client that opens one a request, or never closes any, is the usual reason.`,
  },
  {
    name: 'RedisClientsNearLimit',
    group: 'clients',
    where: EVERYWHERE,
    applies: always,
    severity: warning,
    forSeconds: 60,
    expr: (f) => `${f.data('redis_connected_clients')} > ${Math.floor(f.maxClients * 0.8)}`,
    summary: 'Node <node> has <value> clients',
    description: 'More than 80 % of maxclients; at 100 % the next one is turned away.',
    remedy: (c) =>
      `See who holds them with \`${c.cli} CLIENT LIST\`; use a pool, or raise \`maxclients\` in conf/redis.conf with the file limit of the host.`,
  },
];
