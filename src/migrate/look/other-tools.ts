import type { Address } from '../../model/types.ts';
import { place } from '../../redis/ask.ts';
import type { SourceFacts } from './facts.ts';
import { totalsOf } from './route.ts';

/** One side of a copy that is made by another tool. */
export interface Side {
  /** Any node of a cluster; the primary otherwise; for a source with Sentinels one of its replicas. */
  readonly at: Address;
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  readonly user: string;
  readonly tls: boolean;
}

/** Steps for people whose data does not fit this machine twice, or goes over a network: lines of text. */
export function otherTools(facts: SourceFacts, source: Side, target: Side): readonly string[] {
  return [
    'Two tools copy data between servers anywhere while clients write. They run beside the servers; this tool does not start them.',
    '',
    ...redisShake(source, target),
    '',
    ...riot(facts, source, target),
    '',
    ...lastSteps(facts),
  ];
}

/** RedisShake 4: joins the source as a replica would (PSYNC) and writes commands to the target. */
function redisShake(source: Side, target: Side): readonly string[] {
  return [
    'RedisShake (github.com/tair-opensource/RedisShake) follows the source as a replica does, so that it misses nothing while its connection holds.',
    '1. Write shake.toml:',
    ...[
      '[sync_reader]',
      ...connection(source),
      '',
      '[redis_writer]',
      ...connection(target),
      '',
      '[advanced]',
      'rdb_restore_command_behavior = "panic"   # a key that the target has already stops it',
    ].map((line) => (line === '' ? '' : `     ${line}`)),
    '2. Raise the output buffer on every primary of the source, or it is cut off under many writes: CONFIG SET client-output-buffer-limit "replica 0 0 0".',
    '3. Run `redis-shake shake.toml` on a machine near the target, with room on its disk for a snapshot and the writes that follow.',
    '4. A broken connection cannot be taken up again: empty the target and begin anew.',
    ...(source.kind === 'sentinel'
      ? [
          '5. Read from a replica: Sentinel takes RedisShake for a replica of the primary and may choose it in a failover.',
        ]
      : []),
    ...(source.tls || target.tls ? ['   RedisShake does not verify certificates.'] : []),
  ];
}

function connection({ at, kind, user, tls }: Side): readonly string[] {
  return [
    `cluster = ${kind === 'cluster'}`,
    `address = ${JSON.stringify(place(at))}`,
    `username = ${JSON.stringify(user)}`,
    'password = "..."',
    `tls = ${tls}`,
  ];
}

/** RIOT 4: SCAN and keyspace notifications, DUMP and RESTORE. */
function riot(facts: SourceFacts, source: Side, target: Side): readonly string[] {
  const databases = [
    ...new Set(facts.nodes.flatMap((node) => (node.databases ?? []).map(({ db }) => db))),
  ].sort((a, b) => a - b);
  const options = [
    '--mode live',
    ...(source.kind === 'cluster' ? ['--source-cluster'] : []),
    ...(target.kind === 'cluster' ? ['--target-cluster'] : []),
  ].join(' ');
  return [
    'RIOT (github.com/redis/riot, needs Java) needs no PSYNC, which managed services often hide. It reads keys again as notifications name them, and promises no consistency: a lost notification is a lost change.',
    '1. On every primary of the source: CONFIG SET notify-keyspace-events KEA.',
    `2. riot replicate ${options} ${uri(source, 'SOURCE_PASSWORD')} ${uri(target, 'TARGET_PASSWORD')}`,
    ...(databases.some((db) => db > 0)
      ? [
          `   Once for each database (${databases.join(', ')}), with its number at the end of both addresses: ...:6379/1.`,
        ]
      : []),
    '   Add --struct where the releases do not read the same DUMP format.',
    '3. With writers stopped: riot compare with the same two addresses.',
  ];
}

/** The same for both: nothing hands over by itself. */
function lastSteps(facts: SourceFacts): readonly string[] {
  const { primaries } = totalsOf(facts);
  const keys = primaries.flatMap(({ databases }) => databases ?? []);
  const lasting = keys.reduce((sum, one) => sum + one.keys - one.expires, 0);
  return [
    'Then stop the writers, wait until nothing more arrives, and compare the keys without a TTL on both sides (INFO keyspace: keys less expires;',
    `${keys.length === 0 ? 'unknown now' : `${lasting} now`}). See that every primary has the function libraries (FUNCTION LIST; by hand FUNCTION DUMP and FUNCTION RESTORE), which RIOT leaves behind.`,
    'Only then point the applications at the new servers.',
  ];
}

function uri({ at, user, tls }: Side, password: string): string {
  return `${tls ? 'rediss' : 'redis'}://${encodeURIComponent(user)}:$${password}@${place(at)}`;
}
