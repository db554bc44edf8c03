import type { Facts, NodeFacts } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs } from './persistence.ts';

const LEAST_DELAYED = 10;
const PER_HOUR = 6;
const LONG_MS = 500;
const RECENT_SECONDS = 86_400;

export const slowDisk: Rule = {
  id: 'slow-disk',
  group: 'durability',
  severity: 'warning',
  title: 'A disk that holds up the server',
  looksAt: ['INFO aof_delayed_fsync', 'LATENCY LATEST: aof-*', 'CONFIG GET appendfsync'],
  why: 'When the last fsync takes more than two seconds the server waits for it, and all clients with it; and more than a second of writes is at risk.',
  fix: 'Give it a faster disk or one of its own. What else writes to it (backups, logs, rewrites) can be moved.',
  sources: [
    'https://valkey.io/topics/latency',
    'https://valkey.io/topics/latency-monitor',
    'https://valkey.io/commands/info',
  ],
  find: (facts) =>
    facts.nodes.flatMap((node) => {
      const found = logs(node) ? [...delayed(node), ...stalled(facts, node)] : [];
      return found.slice(0, 1);
    }),
};

function delayed(node: NodeFacts): readonly Found[] {
  const { info } = node;
  const times = number(info, 'aof_delayed_fsync') ?? 0;
  const hours = (number(info, 'uptime_in_seconds') ?? 0) / 3600;
  if (times < LEAST_DELAYED || times < hours * PER_HOUR) return [];
  return [
    {
      at: node.name,
      message: `${times} times since it started the server waited for an fsync that took more than 2 s.`,
      evidence: [
        `aof_delayed_fsync:${times}`,
        `uptime_in_seconds:${info?.uptime_in_seconds}`,
        `appendfsync=${setting(node, 'appendfsync') ?? 'unknown'}`,
      ],
      remedy:
        'Look at the disk with `iostat -x 1`, and at what else writes to it; a rewrite of the log does too.',
    },
  ];
}

function stalled(facts: Facts, node: NodeFacts): readonly Found[] {
  const events = (node.latency ?? []).filter(
    ({ event, worstMs, atSeconds }) =>
      event.startsWith('aof-') && worstMs >= LONG_MS && facts.atSeconds - atSeconds < RECENT_SECONDS,
  );
  const [worst] = [...events].sort((a, b) => b.worstMs - a.worstMs);
  if (!worst) return [];
  return [
    {
      at: node.name,
      message: `Writing the append-only file stopped the server for up to ${worst.worstMs} ms.`,
      evidence: events.map((one) => `${one.event}: latest=${one.latestMs} ms worst=${one.worstMs} ms`),
      remedy:
        setting(node, 'appendfsync') === 'always'
          ? 'With appendfsync always each write waits for the disk: use a faster one, or everysec where a second may be lost.'
          : 'Look at the disk with `iostat -x 1`, and at what else writes to it.',
    },
  ];
}
