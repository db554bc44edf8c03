import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count } from '../../words.ts';

/** Below this the round trips cost the server little. */
const BUSY_PER_SECOND = 10_000;
const COMMANDS_PER_READ = 1.2;

export const roundTrips: Rule = {
  id: 'round-trips',
  group: 'patterns',
  severity: 'note',
  title: 'Commands sent one by one',
  looksAt: ['total_commands_processed', 'total_reads_processed', 'cmdstat_mget'],
  why: 'Each read from and write to a socket costs the server more than a simple command does, and the client waits a round trip for each answer. Several commands in one go share both.',
  fix: 'Send commands that do not depend on one another together: pipelining, or MGET, HMGET and the like.',
  sources: [
    'https://redis.io/docs/latest/develop/using-commands/pipelining/',
    'https://valkey.io/topics/pipelining/',
  ],
  find: ({ nodes }) => nodes.filter(({ role }) => role === 'primary').flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const perSecond = node.perSecond?.total_commands_processed ?? 0;
  const commands = number(node.info, 'total_commands_processed') ?? 0;
  const reads = number(node.info, 'total_reads_processed') ?? 0;
  if (perSecond < BUSY_PER_SECOND || reads === 0) return [];
  const each = commands / reads;
  if (each >= COMMANDS_PER_READ) return [];
  return [
    {
      at: node.name,
      message: `${count(perSecond)} commands a second arrive nearly one by one: ${each.toFixed(2)} to a read from a socket.`,
      evidence: [`total_commands_processed:${commands}`, `total_reads_processed:${reads}`],
      remedy:
        'Pipeline commands that do not wait for one another, or use commands for several keys or fields.',
    },
  ];
}
