import { directiveFacts } from '../engines/catalogue.ts';
import type { Engine } from '../engines/types.ts';
import type { StackSpec } from '../spec/types.ts';
import { redisBytes } from './bytes.ts';
import type { Directive, MemoryModel } from './types.ts';

/** The sections of redis.conf, in their order. */
export const SECTIONS = [
  'network',
  'tls',
  'general',
  'memory',
  'persistence',
  'replication',
  'cluster',
  'observing',
] as const;

type Line = readonly [name: string, args: string | readonly string[], why: string];

const inSection = (section: string, lines: readonly Line[]): readonly Directive[] =>
  lines.map(([name, args, why]) => ({ section, name, args: typeof args === 'string' ? [args] : args, why }));

export interface DirectiveContext {
  readonly spec: StackSpec;
  readonly engine: Engine;
  readonly memory: MemoryModel;
  readonly replicated: boolean;
}

/** What every data node shares. Lines that this release line does not know are left out. */
export function commonDirectives(ctx: DirectiveContext, more: readonly Directive[]): readonly Directive[] {
  const all = [
    ...inSection('network', network()),
    ...tlsDirectives(ctx.spec),
    ...inSection('tls', ctx.spec.security.tls ? [TLS_RELOAD] : []),
    ...inSection('general', general(ctx)),
    ...inSection('memory', memory(ctx)),
    ...inSection('persistence', persistence(ctx)),
    ...inSection('replication', ctx.replicated ? replication(ctx) : []),
    ...inSection('observing', observing()),
    ...more,
  ];
  return all
    .filter((d) => directiveFacts(ctx.engine, d.name) !== undefined)
    .sort((a, b) => sectionOrder(a) - sectionOrder(b));
}

function sectionOrder(d: Directive): number {
  return (SECTIONS as readonly string[]).indexOf(d.section);
}

function network(): readonly Line[] {
  return [
    [
      'bind',
      ['*', '-::*'],
      'Every interface of the container, IPv6 where there is one; who may connect is decided by users and published ports.',
    ],
    [
      'protected-mode',
      'no',
      'It guards servers without passwords; here the default user is off and every user has one.',
    ],
    [
      'tcp-keepalive',
      '60',
      'Seconds until a dead peer is noticed; shorter than the idle time of common load balancers.',
    ],
    ['timeout', '0', 'Idle clients stay connected: pools keep connections open on purpose.'],
    ['tcp-backlog', '511', 'Connections waiting to be accepted when all clients come back at once.'],
  ];
}

/** What servers and Sentinels share about encryption; each adds its port and certificates when it starts. */
export function tlsDirectives(spec: StackSpec): readonly Directive[] {
  if (!spec.security.tls) return [];
  return inSection('tls', [
    [
      'tls-replication',
      'yes',
      'The connections that a node opens itself, to its primary or to the nodes it watches, are encrypted as well.',
    ],
    [
      'tls-auth-clients',
      'optional',
      'Users say who they are with a password; a client certificate is checked where one is shown, and none is asked for.',
    ],
    ['tls-protocols', '"TLSv1.2 TLSv1.3"', 'Older ones are broken.'],
  ]);
}

/** Only where the release has it. */
const TLS_RELOAD: Line = [
  'tls-auto-reload-interval',
  '60',
  'Seconds; a renewed certificate is read from its file without being told.',
];

function general({ spec }: DirectiveContext): readonly Line[] {
  return [
    ['daemonize', 'no', 'Runs in the foreground, so that the container or the supervisor sees it end.'],
    [
      'databases',
      String(spec.databases),
      spec.databases === 1
        ? 'One keyspace; prefixes separate better than numbers, and a cluster has only one.'
        : 'Numbered databases, as asked for; a cluster has only one.',
    ],
    ['loglevel', 'notice', 'What matters in production.'],
    ['always-show-logo', 'no', 'No picture in the log.'],
    ['shutdown-timeout', '10', 'Seconds that a stopping primary waits for its replicas to catch up.'],
  ];
}

function memory({ spec, memory: m }: DirectiveContext): readonly Line[] {
  const evicts = spec.memory.eviction !== 'noeviction';
  const lazy = evicts ? 'yes' : 'no';
  const lazyWhy = evicts
    ? 'Memory is given back in the background, so that a large key does not stop the server.'
    : 'Memory is given back at once, so that what was deleted is really free before the next write.';
  return [
    [
      'maxmemory',
      redisBytes(m.maxmemoryBytes),
      'Below the container limit by what the arithmetic above needs: at the limit the kernel kills the server.',
    ],
    ['maxmemory-policy', spec.memory.eviction, evictionMeaning(spec.memory.eviction)],
    [
      'maxmemory-clients',
      '5%',
      'All client buffers together; a slow reader cannot take the memory of the data.',
    ],
    ['lazyfree-lazy-eviction', lazy, lazyWhy],
    ['lazyfree-lazy-expire', 'yes', 'Expired keys are freed in the background.'],
    ['lazyfree-lazy-server-del', 'yes', 'Keys that a command overwrites are freed in the background.'],
    ['lazyfree-lazy-user-del', 'yes', 'DEL behaves like UNLINK: a large key does not stop the server.'],
    ['lazyfree-lazy-user-flush', 'yes', 'FLUSHALL and FLUSHDB free in the background.'],
  ];
}

const ORDERS: readonly (readonly [suffix: string, meaning: string])[] = [
  ['lru', 'the key that was idle longest goes first'],
  ['lfu', 'the key that is used least often goes first'],
  ['lrm', 'the key whose last change is longest ago goes first'],
  ['random', 'any key may go'],
  ['ttl', 'the key that would expire soonest goes first'],
];

/** One sentence on what a full server does under this policy. */
export function evictionMeaning(policy: string): string {
  if (policy === 'noeviction')
    return 'A full server refuses writes with an error; nothing is dropped silently.';
  const order = ORDERS.find(([suffix]) => policy.endsWith(suffix))?.[1] ?? 'keys are dropped';
  return policy.startsWith('volatile-')
    ? `A full server drops keys that have a TTL: ${order}. Keys without one stay.`
    : `A full server drops keys: ${order}.`;
}

function persistence({ spec, replicated }: DirectiveContext): readonly Line[] {
  const { mode, appendfsync } = spec.persistence;
  const aof = mode === 'aof' || mode === 'hybrid';
  const rdb = mode === 'rdb' || mode === 'hybrid';
  return [
    snapshots(rdb, aof),
    aof
      ? ['appendonly', 'yes', 'Every write is logged and replayed at start.']
      : ['appendonly', 'no', 'No log of writes; see the README for how to switch it on without losing data.'],
    ...(aof ? appendOnly(appendfsync) : []),
    ...(rdb || replicated ? [onFailedSnapshot(spec.workload.every((w) => w === 'cache'))] : []),
  ];
}

function snapshots(rdb: boolean, aof: boolean): Line {
  const often = ['3600', '1', '300', '100', '60', '10000'];
  if (rdb)
    return [
      'save',
      often,
      'A snapshot after an hour with 1 change, 5 minutes with 100, a minute with 10000.',
    ];
  return [
    'save',
    '""',
    aof
      ? 'No snapshots: the append-only file is what is kept.'
      : 'No snapshots: nothing is kept over a restart.',
  ];
}

function onFailedSnapshot(cache: boolean): Line {
  return cache
    ? ['stop-writes-on-bgsave-error', 'no', 'A cache goes on when its disk is full.']
    : [
        'stop-writes-on-bgsave-error',
        'yes',
        'When snapshots fail, writes are refused, so that somebody notices before data is lost.',
      ];
}

function appendOnly(fsync: string): readonly Line[] {
  const whys: Readonly<Record<string, string>> = {
    everysec: 'Once a second: at most about a second of writes is lost with the machine.',
    always: 'Before every reply: nothing acknowledged is lost, at the speed of the disk.',
    no: 'When the kernel likes, usually within 30 seconds.',
  };
  return [
    ['appendfsync', fsync, whys[fsync] ?? ''],
    ['aof-use-rdb-preamble', 'yes', 'Rewrites store a compact snapshot first, which loads faster.'],
    ['no-appendfsync-on-rewrite', 'no', 'Durability also holds while the log is rewritten.'],
    ['auto-aof-rewrite-min-size', '64mb', 'Smaller logs are not worth a rewrite.'],
  ];
}

function replication({ memory: m }: DirectiveContext): readonly Line[] {
  return [
    [
      'masteruser',
      'replication',
      'Replicas log in as this ACL user; the password is added when the node starts.',
    ],
    [
      'repl-backlog-size',
      redisBytes(m.backlogBytes),
      'A replica that was away for this much writing catches up without a full copy.',
    ],
    ['repl-diskless-sync', 'yes', 'A full copy goes through the socket, not through the disk.'],
    [
      'repl-diskless-sync-delay',
      '0',
      'A replica that comes back starts at once instead of waiting for others.',
    ],
    ['replica-serve-stale-data', 'yes', 'A replica that lost its primary goes on answering reads.'],
  ];
}

function observing(): readonly Line[] {
  return [
    ['slowlog-log-slower-than', '10000', 'Microseconds; commands above 10 ms are kept in SLOWLOG.'],
    ['slowlog-max-len', '256', 'Enough to see what happened last night.'],
    ['latency-monitor-threshold', '100', 'Milliseconds; LATENCY DOCTOR explains what was slower.'],
    ['acllog-max-len', '128', 'Refused logins and commands are kept in ACL LOG.'],
  ];
}
