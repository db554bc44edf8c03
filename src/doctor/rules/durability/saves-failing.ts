import type { NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs, savePoints } from './persistence.ts';

export const savesFailing: Rule = {
  id: 'saves-failing',
  group: 'durability',
  severity: 'error',
  title: 'Writing to the disk fails',
  looksAt: ['INFO rdb_last_bgsave_status, aof_last_write_status, aof_last_bgrewrite_status'],
  why: 'What cannot be written is lost with the next restart, and the server refuses writes meanwhile (MISCONF).',
  fix: 'The log of the server says why: usually a full disk, a folder that it may not write to, or a fork without memory.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/commands/info'],
  find: ({ nodes }) => nodes.flatMap((node) => [...snapshot(node), ...log(node), ...rewrite(node)]),
};

const REASONS =
  'Read the log of the server: usual are a full disk, a folder that it may not write to, and a fork that was refused memory (vm.overcommit_memory).';

function snapshot(node: NodeFacts): readonly Found[] {
  if (node.info?.rdb_last_bgsave_status !== 'err') return [];
  const scheduled = (savePoints(node) ?? []).length > 0;
  const refuses =
    scheduled && setting(node, 'stop-writes-on-bgsave-error') === 'yes' && node.role === 'primary';
  return [
    {
      severity: refuses ? 'error' : 'warning',
      at: node.name,
      message: `The last snapshot failed${refuses ? ', and the server refuses writes until one succeeds' : ''}.`,
      evidence: [
        'rdb_last_bgsave_status:err',
        `rdb_changes_since_last_save:${node.info.rdb_changes_since_last_save}`,
        `stop-writes-on-bgsave-error=${setting(node, 'stop-writes-on-bgsave-error') ?? 'unknown'}`,
      ],
      remedy: `${REASONS} Then \`BGSAVE\`.`,
      fixes: [
        {
          kind: 'command',
          at: node.name,
          words: ['BGSAVE'],
          // It forks, and fails again before its reason is gone.
          live: false,
          effect: 'A snapshot is written in the background; writes are taken again when it succeeds.',
        },
      ],
    },
  ];
}

function log(node: NodeFacts): readonly Found[] {
  if (!logs(node) || node.info?.aof_last_write_status !== 'err') return [];
  return [
    {
      at: node.name,
      message: 'The append-only file cannot be written, and a primary refuses writes until it can.',
      evidence: ['aof_last_write_status:err', `aof_current_size:${node.info.aof_current_size}`],
      remedy: 'Make room on the disk or mend its rights; the server tries again every second by itself.',
    },
  ];
}

function rewrite(node: NodeFacts): readonly Found[] {
  if (!logs(node) || node.info?.aof_last_bgrewrite_status !== 'err') return [];
  return [
    {
      severity: 'warning',
      at: node.name,
      message: 'The last rewrite of the append-only file failed: it only grows, until the disk is full.',
      evidence: [
        'aof_last_bgrewrite_status:err',
        `aof_current_size:${node.info.aof_current_size}`,
        `aof_base_size:${node.info.aof_base_size}`,
      ],
      remedy: `${REASONS} Then \`BGREWRITEAOF\`.`,
      fixes: [
        {
          kind: 'command',
          at: node.name,
          words: ['BGREWRITEAOF'],
          live: false,
          effect: 'The append-only file is rewritten in the background.',
        },
      ],
    },
  ];
}
