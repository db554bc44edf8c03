import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, duration, many, period } from '../../words.ts';
import { callsOf, uptimeSeconds } from './calls.ts';

/** Everybody connects when a server has just started. */
const FRESH_SECONDS = 60;
/** Health checks and exporters connect a few times in ten seconds. */
const FEW_PER_SECOND = 2;
const MANY_PER_SECOND = 10;
/** A connection of a pool lives for hours. */
const SHORT_LIFE_SECONDS = 30;
/** Where that many commands come to a connection, opening it costs little beside them. */
const MANY_COMMANDS = 500;

export const reconnects: Rule = {
  id: 'reconnects',
  group: 'patterns',
  severity: 'warning',
  title: 'Clients that connect anew for a few commands',
  looksAt: [
    'total_connections_received',
    'connected_clients',
    'total_commands_processed',
    'uptime_in_seconds',
    'cmdstat_auth',
    'cmdstat_hello',
  ],
  why: 'A connection costs round trips for TCP, TLS and the login, and the server spends more on accepting it than on a command. Passwords are hashed with each login.',
  fix: 'Open a connection or a pool when the process starts, and keep it.',
  sources: [
    'https://redis.io/docs/latest/develop/clients/pools-and-muxing/',
    'https://learn.microsoft.com/en-us/azure/azure-cache-for-redis/cache-best-practices-connection',
  ],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

interface Churn {
  /** Connections that are opened. */
  readonly perSecond: number;
  readonly lifeSeconds: number;
  /** Commands for each connection that is opened. */
  readonly commands: number;
  readonly when: 'since the start' | 'during the look';
}

function findOn(node: NodeFacts): readonly Found[] {
  const uptime = uptimeSeconds(node) ?? 0;
  if (uptime < FRESH_SECONDS) return [];
  const received = number(node.info, 'total_connections_received') ?? 0;
  const processed = number(node.info, 'total_commands_processed') ?? 0;
  const { total_connections_received: now = 0, total_commands_processed: commandsNow = 0 } =
    node.perSecond ?? {};
  const average: Churn = {
    ...churn(node, received / uptime, processed / uptime),
    when: 'since the start',
  };
  const during: Churn = { ...churn(node, now, commandsNow), when: 'during the look' };
  const seen = during.perSecond > average.perSecond ? during : average;
  return isShort(seen) ? [found(node, seen)] : [];
}

/** How long each lasts: what is there at any time is arrivals times the time they stay. */
function churn(node: NodeFacts, perSecond: number, commandsPerSecond: number): Omit<Churn, 'when'> {
  const connected = number(node.info, 'connected_clients') ?? Number.POSITIVE_INFINITY;
  return { perSecond, lifeSeconds: connected / perSecond, commands: commandsPerSecond / perSecond };
}

const isShort = ({ perSecond, lifeSeconds, commands }: Churn): boolean =>
  perSecond >= FEW_PER_SECOND && lifeSeconds <= SHORT_LIFE_SECONDS && commands <= MANY_COMMANDS;

function found(node: NodeFacts, { perSecond, lifeSeconds, commands, when }: Churn): Found {
  const life = lifeSeconds < 1 ? duration(lifeSeconds * 1e6) : period(lifeSeconds);
  const logins = callsOf(node, 'auth', 'hello');
  return {
    severity: perSecond >= MANY_PER_SECOND ? 'warning' : 'note',
    at: node.name,
    message: `${count(perSecond)} connections are opened a second, one for every ${many(Math.max(1, Math.round(commands)), 'command')}; they last ${life} on average.`,
    evidence: [
      `${count(perSecond)} a second ${when}`,
      `total_connections_received:${node.info?.total_connections_received ?? '?'}`,
      `connected_clients:${node.info?.connected_clients ?? '?'}`,
      `total_commands_processed:${node.info?.total_commands_processed ?? '?'}`,
      `uptime_in_seconds:${uptimeSeconds(node) ?? '?'}`,
      ...(logins > 0 ? [`cmdstat_auth and cmdstat_hello:calls=${logins}`] : []),
    ],
    remedy:
      'Let each process open its connection or pool once and keep it; where processes are short-lived, put a proxy or a longer-lived process between.',
  };
}
