import { type AlertFacts, type AlertRule, critical, warning } from './types.ts';

const SNAPSHOTS = 'stacks with snapshots (rdb, hybrid)';
const LOG = 'stacks with an append-only file (aof, hybrid)';
const snapshots = (f: AlertFacts): boolean => f.snapshots;
const appendOnly = (f: AlertFacts): boolean => f.appendOnly;

export const persistenceAlerts: readonly AlertRule[] = [
  {
    name: 'RedisSnapshotFailed',
    group: 'persistence',
    where: SNAPSHOTS,
    applies: snapshots,
    severity: critical,
    forSeconds: 0,
    expr: (f) => `${f.data('redis_rdb_last_bgsave_status')} == 0`,
    summary: 'The last snapshot of <node> failed',
    description:
      'What changed since the one before is not on disk, and writes may be refused until one works.',
    remedy: (c) =>
      `The reason stands in \`${c.logs}\`: a full disk, a folder that may not be written, or no memory to fork (\`vm.overcommit_memory\`). Then \`${c.cli} BGSAVE\`.`,
  },
  {
    name: 'RedisSnapshotOld',
    group: 'persistence',
    where: SNAPSHOTS,
    applies: snapshots,
    severity: warning,
    forSeconds: 60,
    // The laziest save point is an hour.
    expr: (f) =>
      `time() - ${f.data('redis_rdb_last_save_timestamp_seconds')} > ${f.clock.age(7200)} and ${f.data('redis_rdb_changes_since_last_save')} > 0`,
    summary: 'The last snapshot of <node> is more than two hours old',
    description: 'There were changes, and the save points ask for one an hour at least.',
    remedy: (c) =>
      `See that snapshots are on (\`${c.cli} CONFIG GET save\`), and make one: \`${c.cli} BGSAVE\`, then \`${c.logs}\`.`,
  },
  {
    name: 'RedisLogWriteFailed',
    group: 'persistence',
    where: LOG,
    applies: appendOnly,
    severity: critical,
    forSeconds: 0,
    expr: (f) => `${f.data('redis_aof_last_write_status')} == 0`,
    summary: 'Node <node> cannot write its append-only file',
    description: 'Writes are refused until it can again.',
    remedy: (c) =>
      `The reason stands in \`${c.logs}\`, most often a full disk: make room, and it goes on by itself.`,
  },
  {
    name: 'RedisLogRewriteFailed',
    group: 'persistence',
    where: LOG,
    applies: appendOnly,
    severity: warning,
    forSeconds: 0,
    expr: (f) => `${f.data('redis_aof_last_bgrewrite_status')} == 0`,
    summary: 'The last rewrite of the append-only file of <node> failed',
    description: 'Nothing is lost, but the file grows until one works, and a start takes longer.',
    remedy: (c) => `The reason stands in \`${c.logs}\`: disk or memory. Then \`${c.cli} BGREWRITEAOF\`.`,
  },
];
