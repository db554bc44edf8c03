import type { EngineName } from '../../engines/types.ts';
import { number, parsePairs, partOfMemory } from '../../redis/replies.ts';
import type {
  DatabaseFacts,
  FollowerFacts,
  LoadFacts,
  MemoryFacts,
  PersistenceFacts,
  ReplicationFacts,
} from './facts.ts';

/** Fields of INFO. */
export type Info = Readonly<Record<string, string>>;

export interface Release {
  readonly engine: EngineName;
  readonly version: string;
}

const count = (info: Info, name: string): number => number(info, name) ?? 0;

/** Valkey calls itself Redis 7.2 for the sake of old clients, and says its own release beside it. */
export function engineOf(info: Info): Release | undefined {
  if (info.valkey_version !== undefined) return { engine: 'valkey', version: info.valkey_version };
  return info.redis_version === undefined ? undefined : { engine: 'redis', version: info.redis_version };
}

/** The same out of HELLO, which even a user without INFO may say. */
export function engineOfHello(reply: unknown): Release | undefined {
  const { server, version } = parsePairs(reply);
  if (version === undefined || (server !== 'redis' && server !== 'valkey')) return undefined;
  return { engine: server, version };
}

export function memoryOf(first: Info, second: Info, seconds: number): MemoryFacts | undefined {
  const usedBytes = number(second, 'used_memory');
  if (usedBytes === undefined) return undefined;
  return {
    usedBytes,
    datasetBytes: partOfMemory(second, 'used_memory_dataset') ?? usedBytes,
    maxmemoryBytes: number(second, 'maxmemory'),
    policy: second.maxmemory_policy,
    systemBytes: number(second, 'total_system_memory') || undefined,
    evicted: count(second, 'evicted_keys'),
    evictedPerSecond: perSecond(first, second, 'evicted_keys', seconds),
  };
}

/** `db0:keys=3,expires=0,avg_ttl=0,keys_with_volatile_items=1`, and `subexpiry=1` in Redis 7.4 and later. */
export function databasesOf(info: Info): readonly DatabaseFacts[] {
  return Object.entries(info).flatMap(([name, value]) => {
    const db = /^db(\d+)$/.exec(name)?.[1];
    if (db === undefined) return [];
    const field = (key: string) => {
      const found = new RegExp(`(?:^|,)${key}=(\\d+)`).exec(value)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    return [
      {
        db: Number(db),
        keys: field('keys') ?? 0,
        expires: field('expires') ?? 0,
        expiringFields: field('keys_with_volatile_items') ?? field('subexpiry'),
      },
    ];
  });
}

export function replicationOf(
  info: Info,
): Omit<ReplicationFacts, 'bufferLimit' | 'minReplicasToWrite'> | undefined {
  if (info.role === undefined) return undefined;
  const replica = info.role !== 'master';
  const offset = count(info, 'master_repl_offset');
  return {
    role: replica ? 'replica' : 'primary',
    follows: replica ? { host: info.master_host ?? '', port: count(info, 'master_port') } : undefined,
    linkUp: !replica || info.master_link_status === 'up',
    offset,
    backlogBytes: number(info, 'repl_backlog_size'),
    followers: followersOf(info, offset),
  };
}

/** `slave0:ip=127.0.0.1,port=6380,state=online,offset=42,lag=1` */
function followersOf(info: Info, offset: number): readonly FollowerFacts[] {
  return Object.entries(info).flatMap(([name, value]) => {
    if (!/^slave\d+$/.test(name)) return [];
    const fields = Object.fromEntries(value.split(',').map((pair) => pair.split(/=(.*)/s, 2)));
    return [
      {
        at: `${fields.ip ?? '?'}:${fields.port ?? '?'}`,
        state: fields.state ?? 'unknown',
        behindBytes: Math.max(0, offset - Number(fields.offset ?? 0)),
        lagSeconds: Number(fields.lag ?? 0),
      },
    ];
  });
}

export function loadOf(first: Info, second: Info, seconds: number): LoadFacts | undefined {
  if (second.total_commands_processed === undefined && second.master_repl_offset === undefined)
    return undefined;
  // Without a backlog the offset stands still, whatever is written.
  const exact = first.repl_backlog_active === '1';
  return {
    seconds,
    commandsPerSecond: perSecond(first, second, 'total_commands_processed', seconds),
    writtenBytesPerSecond: perSecond(
      first,
      second,
      exact ? 'master_repl_offset' : 'total_net_input_bytes',
      seconds,
    ),
    exact,
  };
}

function perSecond(first: Info, second: Info, name: string, seconds: number): number {
  return seconds > 0 ? Math.max(0, Math.round((count(second, name) - count(first, name)) / seconds)) : 0;
}

/** `save` is the value of the directive, which INFO does not tell. */
export function persistenceOf(info: Info, save: string | undefined): PersistenceFacts | undefined {
  if (info.loading === undefined) return undefined;
  const is = (name: string) => info[name] === '1';
  return {
    loading: is('loading') || is('async_loading'),
    saving: is('rdb_bgsave_in_progress'),
    rewriting: is('aof_rewrite_in_progress'),
    lastSave: info.rdb_last_bgsave_status ?? 'unknown',
    lastRewrite: info.aof_last_bgrewrite_status ?? 'unknown',
    lastLogWrite: info.aof_last_write_status ?? 'unknown',
    logEnabled: is('aof_enabled'),
    logBytes: number(info, 'aof_current_size'),
    snapshots: save === undefined ? undefined : save.trim() !== '',
  };
}

/** `cmdstat_mset:calls=1,usec=6,...` as command and calls. */
export function callsOf(info: Info): Readonly<Record<string, number>> | undefined {
  const calls = Object.entries(info).flatMap(([name, value]) =>
    name.startsWith('cmdstat_')
      ? [[name.slice('cmdstat_'.length), Number(/calls=(\d+)/.exec(value)?.[1] ?? 0)] as const]
      : [],
  );
  return calls.length === 0 ? undefined : Object.fromEntries(calls);
}
