import { humanBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { bytesOf, number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { percent } from '../../words.ts';

const COPIES = ['rdb_last_cow_size', 'aof_last_cow_size', 'current_cow_peak'] as const;
/** A machine has more to do than this server. */
const MACHINE_SHARE = 0.95;
/** Below this a server is a toy, or empty. */
const LEAST_USED = 64 * 2 ** 20;

const AUTO = 'maxmemory is computed from memory.limit, with room for forks.';

interface Room {
  readonly bytes: number;
  readonly is: string;
}

/** What there is for this process. The whole machine where no limit is known. */
function roomOf({ machine, info }: NodeFacts): Room | undefined {
  if (machine?.limitBytes !== undefined)
    return {
      bytes: machine.limitBytes * (machine.limitIs === 'machine' ? MACHINE_SHARE : 1),
      is: machine.limitIs === 'machine' ? 'memory of the machine' : 'limit of the container',
    };
  const bytes = number(info, 'total_system_memory');
  return bytes ? { bytes: bytes * MACHINE_SHARE, is: 'memory of the machine' } : undefined;
}

/** Pages that were copied while the last child ran, as a share of what was in use; forks that never were copied nothing. */
function copied({ info }: NodeFacts): number {
  return Math.max(0, ...COPIES.map((name) => number(info, name) ?? 0));
}

const forks = (node: NodeFacts): boolean =>
  (setting(node, 'save') ?? '') !== '' ||
  setting(node, 'appendonly') === 'yes' ||
  (number(node.info, 'connected_slaves') ?? 0) > 0;

function judge(node: NodeFacts, model: Facts['model']): readonly Found[] {
  const room = roomOf(node);
  const rss = number(node.info, 'used_memory_rss');
  const used = number(node.info, 'used_memory');
  if (!room || !rss || !used || used < LEAST_USED || !forks(node)) return [];
  const cow = copied(node);
  const full = Math.max(bytesOf(setting(node, 'maxmemory')) ?? 0, used);
  const now = rss + cow;
  const then = Math.round((full / used) * (rss + cow));
  if (then <= room.bytes) return [];
  const already = now > room.bytes;
  const need = already ? now : then;
  const beyond = full > room.bytes;
  return [
    {
      severity: already || beyond ? 'warning' : 'note',
      at: node.name,
      message: `${already ? 'A fork' : 'Once maxmemory is full, a fork'} needs ${humanBytes(need)} with the pages that it copies, ${percent(need / room.bytes)} of the ${room.is}${beyond ? ', and maxmemory alone is more than that' : ''}.`,
      evidence: [
        `used_memory:${used}`,
        `used_memory_rss:${rss}`,
        `maxmemory ${setting(node, 'maxmemory') ?? 'unknown'}`,
        ...COPIES.map((name) => `${name}:${node.info?.[name] ?? 'unknown'}`),
        `${room.is}: ${humanBytes(Math.round(room.bytes))}`,
      ],
      remedy:
        'Lower maxmemory, or give the server more memory: while a snapshot, a rewrite or a full resync runs, every page that is written exists twice. In a container the kernel ends the server otherwise. Set vm.overcommit_memory to 1 on the host.',
      fixes:
        model && model.spec.memory.maxmemory !== 'auto'
          ? [{ kind: 'spec', path: 'memory.maxmemory', value: 'auto', effect: AUTO }]
          : [],
    },
  ];
}

export const forkHeadroom: Rule = {
  id: 'fork-headroom',
  group: 'memory',
  severity: 'warning',
  title: 'No room for a fork',
  looksAt: [
    'used_memory',
    'used_memory_rss',
    'maxmemory',
    ...COPIES,
    'total_system_memory',
    'limit of the container',
  ],
  why: 'Snapshots, log rewrites and full resyncs are made by a child process that shares memory with the server until either writes. When there is no room for the copies, the kernel ends one of them.',
  fix: 'Leave a quarter of the memory free for snapshots, half for logs that are rewritten under many writes.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/admin/',
    'https://valkey.io/topics/admin/',
  ],
  find: ({ nodes, model }: Facts) => nodes.flatMap((node) => judge(node, model)),
};
