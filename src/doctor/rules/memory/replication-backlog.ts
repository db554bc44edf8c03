import { GIB, humanBytes, MIB, redisBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { bytesOf, number, primaries, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many, percent } from '../../words.ts';

/** A replica that restarts, or a network that is mended. */
const ENOUGH_SECONDS = 60;
/** More than half an hour of writes is seldom caught up with. */
const PLENTY_SECONDS = 1800;
const LEAST_RATE = 1000;
const LARGE_BYTES = 256 * MIB;
const LARGE_SHARE = 0.1;
const MOST_ADVISED = GIB;

interface Backlog {
  readonly node: NodeFacts;
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

function measured(node: NodeFacts): readonly Backlog[] {
  const bytes = bytesOf(setting(node, 'repl-backlog-size')) ?? number(node.info, 'repl_backlog_size');
  const offset = number(node.info, 'master_repl_offset');
  const uptime = number(node.info, 'uptime_in_seconds');
  const lately = node.perSecond?.master_repl_offset ?? 0;
  const average = offset !== undefined && uptime ? offset / uptime : 0;
  const replicas = number(node.info, 'connected_slaves') ?? 0;
  if (bytes === undefined || replicas === 0 || offset === undefined || !uptime || uptime < ENOUGH_SECONDS)
    return [];
  // An offset goes on from that of an earlier primary, so that it may be older than the server.
  return [{ node, bytes, bytesPerSecond: node.perSecond === undefined ? average : lately }];
}

function seen({ node, bytes, bytesPerSecond }: Backlog): readonly string[] {
  return [
    `repl-backlog-size ${bytes}`,
    `master_repl_offset +${Math.round(bytesPerSecond)} bytes per second`,
    `sync_full:${node.info?.sync_full ?? 'unknown'}`,
    `sync_partial_err:${node.info?.sync_partial_err ?? 'unknown'}`,
  ];
}

function tooSmall(one: Backlog): readonly Found[] {
  const { node, bytes, bytesPerSecond } = one;
  const seconds = bytes / bytesPerSecond;
  if (bytesPerSecond < LEAST_RATE || seconds >= ENOUGH_SECONDS) return [];
  const wanted = Math.min(MOST_ADVISED, Math.ceil((bytesPerSecond * ENOUGH_SECONDS) / MIB) * MIB);
  if (wanted <= bytes) return [];
  const words = ['CONFIG', 'SET', 'repl-backlog-size', redisBytes(wanted)];
  const effect = `The server takes up to ${humanBytes(wanted - bytes)} more, which counts towards maxmemory.`;
  return [
    {
      at: node.name,
      message: `The replication backlog of ${humanBytes(bytes)} holds ${many(Math.floor(seconds), 'second')} of writes; a replica that is away for longer has to fetch all data anew.`,
      evidence: seen(one),
      remedy: `Make repl-backlog-size at least ${redisBytes(wanted)}, a minute of writes, and see that the memory is there.`,
      fixes: [{ kind: 'command', at: node.name, words, live: true, effect }],
    },
  ];
}

function tooLarge(one: Backlog): readonly Found[] {
  const { node, bytes, bytesPerSecond } = one;
  const memory = bytesOf(setting(node, 'maxmemory')) || number(node.info, 'used_memory');
  if (!memory || bytes < LARGE_BYTES || bytes < LARGE_SHARE * memory) return [];
  if (bytesPerSecond <= 0 || bytes / bytesPerSecond < PLENTY_SECONDS) return [];
  const enough = redisBytes(Math.ceil(bytes / 10 / MIB) * MIB);
  const words = ['CONFIG', 'SET', 'repl-backlog-size', enough];
  const effect = 'The oldest part of the backlog is dropped, and its memory is free.';
  return [
    {
      severity: 'note',
      at: node.name,
      message: `The replication backlog may take ${humanBytes(bytes)}, ${percent(bytes / memory)} of the memory for data, and would hold ${many(Math.round(bytes / bytesPerSecond / 60), 'minute')} of writes.`,
      evidence: seen(one),
      remedy: `A tenth of it is enough: make repl-backlog-size ${enough}.`,
      fixes: [{ kind: 'command', at: node.name, words, live: true, effect }],
    },
  ];
}

export const replicationBacklog: Rule = {
  id: 'replication-backlog',
  group: 'memory',
  severity: 'warning',
  title: 'Replication backlog that does not fit the rate of writes',
  looksAt: ['repl-backlog-size', 'master_repl_offset', 'uptime_in_seconds', 'sync_full', 'sync_partial_err'],
  why: 'A replica that was away goes on from the backlog of its primary if that reaches back far enough. Otherwise the primary forks, sends all data, and serves worse meanwhile.',
  fix: 'Make the backlog hold a minute of writes or more, and not half an hour.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/replication/',
    'https://valkey.io/topics/replication/',
  ],
  find: (facts: Facts) =>
    primaries(facts)
      .flatMap(measured)
      .flatMap((one) => [...tooSmall(one), ...tooLarge(one)]),
};
