import type { Facts, NodeFacts, SlowCommand } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration, many, period } from '../../words.ts';

/** Default of slowlog-log-slower-than; what a lower threshold lets in is judged no more strictly. */
const SLOW_USEC = 10_000;
const VERY_SLOW_USEC = 1_000_000;
const FEW = 3;
const OFTEN = 10;
const DAY_SECONDS = 86_400;
/** People and tools ask for these, seldom, and know that they take long. */
const BY_HAND =
  /^(save|bgsave|bgrewriteaof|shutdown|debug|config|replicaof|slaveof|psync|sync|latency|memory)\b/i;

export const slowCommands: Rule = {
  id: 'slow-commands',
  group: 'patterns',
  severity: 'warning',
  title: 'Slow commands in the slow log',
  looksAt: ['SLOWLOG GET', 'slowlog-log-slower-than', 'slowlog-max-len'],
  why: 'While a command runs, every other client waits. Ten milliseconds are thousands of commands that were not answered.',
  fix: 'Look at the entries with SLOWLOG GET; ask for less at a time, or move the work elsewhere.',
  sources: [
    'https://redis.io/docs/latest/commands/slowlog-get/',
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
  ],
  find: (facts) => facts.nodes.flatMap((node) => [...slowOn(facts, node), ...logIsOff(node)]),
};

function slowOn({ atSeconds }: Facts, node: NodeFacts): readonly Found[] {
  const slow = (node.slow ?? []).filter(
    (one) => one.usec >= SLOW_USEC && atSeconds - one.atSeconds <= DAY_SECONDS && !BY_HAND.test(one.command),
  );
  const [worst] = [...slow].sort((a, b) => b.usec - a.usec);
  if (worst === undefined || slow.length < FEW) return [];
  const names = byCommand(slow);
  const first = Math.min(...slow.map((one) => one.atSeconds));
  return [
    {
      severity: slow.length >= OFTEN || worst.usec >= VERY_SLOW_USEC ? 'warning' : 'note',
      at: node.name,
      message: `${many(slow.length, 'command')} of the last ${period(atSeconds - first)} took ${duration(SLOW_USEC)} or more (${names}); the slowest, ${worst.command.toUpperCase()}${worst.first === undefined ? '' : ` of "${worst.first}"`}, took ${duration(worst.usec)}.`,
      evidence: slow
        .slice(0, 5)
        .map(
          (one) =>
            `slowlog: ${[one.command, one.first ?? []].flat().join(' ')} took ${one.usec} usec from ${one.client}`,
        ),
      remedy:
        'See SLOWLOG GET for the whole calls: ask for less at a time, or give the work to a replica or to the application.',
    },
  ];
}

function byCommand(slow: readonly SlowCommand[]): string {
  const counts = new Map<string, number>();
  for (const { command } of slow) {
    const name = command.toUpperCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, 3).map(([name, n]) => `${n} × ${name}`);
  return [...shown, ...(sorted.length > 3 ? ['others'] : [])].join(', ');
}

/** Nothing slow can be seen afterwards on a server that does not write it down. */
function logIsOff(node: NodeFacts): readonly Found[] {
  const threshold = number(node.settings, 'slowlog-log-slower-than');
  const length = number(node.settings, 'slowlog-max-len');
  if (threshold !== undefined && threshold < 0) return [off(node, `slowlog-log-slower-than:${threshold}`)];
  return length === 0 ? [off(node, 'slowlog-max-len:0')] : [];
}

const off = (node: NodeFacts, seen: string): Found => ({
  severity: 'note',
  at: node.name,
  message: 'The slow log is off, so that slow commands leave no trace.',
  evidence: [seen, `slowlog-max-len:${setting(node, 'slowlog-max-len') ?? '?'}`],
  remedy: 'Set slowlog-log-slower-than to 10000 (microseconds) and slowlog-max-len to 128 or more.',
  fixes: [
    {
      kind: 'command',
      at: node.name,
      words: ['CONFIG', 'SET', 'slowlog-log-slower-than', '10000', 'slowlog-max-len', '128'],
      live: true,
      effect: 'Commands of 10 ms and more are written down.',
    },
  ],
});
