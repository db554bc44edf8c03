import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { commandOf, uptimeSeconds } from './calls.ts';

const OFTEN = 10;
const DAY_SECONDS = 86_400;

export const monitorInUse: Rule = {
  id: 'monitor-in-use',
  group: 'patterns',
  severity: 'warning',
  title: 'MONITOR in use',
  looksAt: ['cmdstat_monitor', 'uptime_in_seconds'],
  why: 'MONITOR sends every command of every client to one connection, arguments and all: one such client can halve the throughput, and what it prints holds the data of others.',
  fix: 'Use SLOWLOG, LATENCY, command statistics and CLIENT LIST; keep MONITOR for a moment on a test server.',
  sources: ['https://redis.io/docs/latest/commands/monitor/', 'https://valkey.io/commands/monitor/'],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const monitor = commandOf(node, 'monitor');
  if (monitor === undefined || monitor.calls === 0) return [];
  const days = Math.max(1, (uptimeSeconds(node) ?? 0) / DAY_SECONDS);
  const regular = monitor.calls >= OFTEN && monitor.calls / days >= 1;
  return [
    {
      severity: regular ? 'warning' : 'note',
      at: node.name,
      message: `MONITOR has been called ${many(monitor.calls, 'time')}; while one runs, the server repeats every command to it.`,
      evidence: [`cmdstat_monitor:calls=${monitor.calls}`, `uptime_in_seconds:${uptimeSeconds(node) ?? '?'}`],
      remedy:
        'Watch with SLOWLOG GET, LATENCY LATEST and INFO commandstats; take MONITOR away with `ACL SETUSER <user> -monitor`.',
    },
  ];
}
