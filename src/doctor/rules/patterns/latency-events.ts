import type { Facts, LatencyEvent, NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration, period } from '../../words.ts';

const DAY_SECONDS = 86_400;
const FELT_MS = 100;
const LONG_MS = 1000;

/** What each kind of event comes from, and what helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^(fast-)?command/,
    'See SLOWLOG GET for the command; where nothing is there, the machine was short of processor time or swapped.',
  ],
  [
    /^fork/,
    'Keep less in one process, switch transparent huge pages off, and leave memory free for the fork.',
  ],
  [
    /^aof|fsync/,
    'The disk is too slow or shared: give the append-only file a faster one. With appendfsync always every write waits for it.',
  ],
  [/^expire/, 'Many keys end at one moment: spread TTLs by a random part.'],
  [/^evict/, 'Memory is full and large keys go: raise maxmemory, and set lazyfree-lazy-eviction to yes.'],
  [/defrag/, 'Lower active-defrag-cycle-max.'],
  [/^rdb/, 'The disk is slow to remove or write snapshots: look at what else uses it.'],
];

export const latencyEvents: Rule = {
  id: 'latency-events',
  group: 'patterns',
  severity: 'warning',
  title: 'Stalls that the latency monitor has seen',
  looksAt: ['LATENCY LATEST', 'latency-monitor-threshold'],
  why: 'The server itself has measured that it stood still for longer than latency-monitor-threshold. Every client waited as long.',
  fix: 'Follow the kind of event: slow commands, forks, the disk, expiry or eviction. LATENCY DOCTOR explains more.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/',
    'https://valkey.io/topics/latency-monitor/',
  ],
  find: (facts) =>
    facts.nodes.flatMap((node) =>
      (node.latency ?? [])
        .filter(({ atSeconds }) => facts.atSeconds - atSeconds <= DAY_SECONDS)
        .filter(({ latestMs }) => latestMs >= FELT_MS)
        .map((event) => found(facts, node, event)),
    ),
};

function found({ atSeconds }: Facts, node: NodeFacts, event: LatencyEvent): Found {
  const ago = period(Math.max(0, atSeconds - event.atSeconds));
  const other = 'Ask LATENCY DOCTOR, and look at the machine: processor time, swap, disk.';
  return {
    severity: event.latestMs >= LONG_MS ? 'warning' : 'note',
    at: node.name,
    message: `The server stood still for ${duration(event.latestMs * 1000)} ${ago} ago (${event.event}); the worst so far was ${duration(event.worstMs * 1000)}.`,
    evidence: [
      `latency: ${event.event} at ${event.atSeconds}, latest ${event.latestMs} ms, max ${event.worstMs} ms`,
    ],
    remedy: REMEDIES.find(([kind]) => kind.test(event.event))?.[1] ?? other,
  };
}
