import type { Facts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { period } from '../../words.ts';
import { clockOf, savePoints } from './persistence.ts';

/** A save may wait for one that runs, and a failed one is tried again after five seconds. */
const GRACE_SECONDS = 120;

export const savesOld: Rule = {
  id: 'saves-old',
  group: 'durability',
  severity: 'warning',
  title: 'A snapshot that is overdue',
  looksAt: [
    'INFO rdb_last_save_time, rdb_changes_since_last_save, rdb_bgsave_in_progress',
    'CONFIG GET save',
  ],
  why: 'All changes since then are lost with the next crash, unless an append-only file has them.',
  fix: 'Find out why no snapshot is written: the log of the server, the disk, a snapshot or rewrite that does not end.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/commands/info'],
  find: (facts) => facts.nodes.flatMap((node) => judge(facts, node)),
};

function judge(facts: Facts, node: NodeFacts): readonly Found[] {
  const { info } = node;
  const saved = number(info, 'rdb_last_save_time');
  const changes = number(info, 'rdb_changes_since_last_save');
  if (saved === undefined || changes === undefined || changes === 0) return [];
  const age = clockOf(node, facts) - saved;
  const due = (savePoints(node) ?? [])
    .filter((point) => changes >= point.changes && age > 2 * point.seconds + GRACE_SECONDS)
    .sort((a, b) => a.seconds - b.seconds)[0];
  const running = number(info, 'rdb_current_bgsave_time_sec') ?? -1;
  if (!due || (info?.rdb_bgsave_in_progress === '1' && running < age / 2)) return [];
  const stuck = running > 0 ? `; one has been running for ${period(running)}` : '';
  return [
    {
      at: node.name,
      message: `The last snapshot is ${period(age)} old with ${changes} changes since, and \`save ${due.seconds} ${due.changes}\` asks for one${stuck}.`,
      evidence: [
        `rdb_last_save_time:${saved}`,
        `rdb_changes_since_last_save:${changes}`,
        `rdb_bgsave_in_progress:${info?.rdb_bgsave_in_progress}`,
        `rdb_last_bgsave_status:${info?.rdb_last_bgsave_status}`,
      ],
      remedy: 'Read the log of the server, then `BGSAVE` and look at rdb_last_bgsave_status.',
    },
  ];
}
