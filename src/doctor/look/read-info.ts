import { parsePairs } from '../../redis/replies.ts';
import type { CommandFacts, Info, SizeHistogram, Software } from '../facts.ts';

/** Other servers that speak the protocol say their own release beside the one of Redis that they resemble. */
const NOT_A_PRODUCT = /^(redis|gcc|tls|openssl|jemalloc|abi|api|redisearch|search|monotonic)_version$/;

export function softwareOf(info: Info | undefined, hello: unknown): Software | undefined {
  if (info?.redis_version !== undefined || info?.valkey_version !== undefined) return softwareOfInfo(info);
  const { server = '', version } = parsePairs(hello);
  return version === undefined ? undefined : named(server, version);
}

function softwareOfInfo(info: Info): Software {
  if (info.valkey_version !== undefined) return named('valkey', info.valkey_version);
  const field = Object.keys(info).find((name) => /^[a-z]+_version$/.test(name) && !NOT_A_PRODUCT.test(name));
  if (field !== undefined) return named(field.replace('_version', ''), info[field] ?? '');
  // KeyDB says of itself only what its program is called.
  const isKeydb = (info.executable ?? '').endsWith('keydb-server');
  return named(isKeydb ? 'keydb' : 'redis', info.redis_version ?? '');
}

function named(name: string, version: string): Software {
  if (name === 'redis') return { name, title: 'Redis', version };
  if (name === 'valkey') return { name, title: 'Valkey', version };
  return { name: 'other', title: name.charAt(0).toUpperCase() + name.slice(1), version };
}

/** Calls that this tool has made, by the names of INFO commandstats. */
export type Sent = ReadonlyMap<string, number>;

/** INFO at two moments, and what this tool had sent before each. */
export interface TwoLooks {
  readonly first: Info;
  readonly second: Info;
  readonly seconds: number;
  readonly sentBefore: Sent;
  readonly sentUntil: Sent;
}

/** Statistics as of the first look, which are not yet coloured by our own questions, and rates over both. */
export function commandsOf(looks: TwoLooks): readonly CommandFacts[] | undefined {
  const { first, second, seconds, sentBefore, sentUntil } = looks;
  const counted = Object.keys(first).filter((field) => field.startsWith('cmdstat_'));
  if (counted.length === 0) return undefined;
  return counted.flatMap((field) => {
    const name = field.slice('cmdstat_'.length);
    const [before, later] = [statsOf(first[field]), statsOf(second[field])];
    const calls = before.calls - (sentBefore.get(name) ?? 0);
    const ours = (sentUntil.get(name) ?? 0) - (sentBefore.get(name) ?? 0);
    const more = Math.max(0, later.calls - before.calls - ours);
    if (calls <= 0 && more === 0 && before.rejected + before.failed === 0) return [];
    return [
      {
        ...before,
        name,
        calls: Math.max(0, calls),
        perSecond: seconds > 0 ? more / seconds : undefined,
        p99Usec: p99Of(first, name),
      },
    ];
  });
}

const statsOf = (text = '') => ({
  calls: fieldOf(text, 'calls'),
  usec: fieldOf(text, 'usec'),
  rejected: fieldOf(text, 'rejected_calls'),
  failed: fieldOf(text, 'failed_calls'),
});

const fieldOf = (text: string, name: string): number =>
  Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(text)?.[1] ?? 0);

function p99Of(info: Info, name: string): number | undefined {
  const found = /(?:^|,)p99=([\d.]+)/.exec(info[`latency_percentiles_usec_${name}`] ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

const COUNTERS =
  /^(total_\w+|keyspace_(hits|misses)|(evicted|expired)_\w+|rejected_connections|sync_\w+|used_cpu_\w+|acl_access_denied_\w+|client_\w+_disconnections|aof_delayed_fsync|master_repl_offset|rdb_saves|lazyfreed_objects|unexpected_error_replies)$/;

/** Gauges among them, by their names alone. */
const GAUGES = /^total_(system_memory|blocking_keys|watched_keys|blocking_keys_on_nokey|active_defrag_time)$/;

/** Growth of counters; none where the server was started again in between. */
export function ratesOf(looks: TwoLooks): Readonly<Record<string, number>> | undefined {
  const { first, second, seconds, sentBefore, sentUntil } = looks;
  if (seconds <= 0 || first.run_id !== second.run_id) return undefined;
  const ours = total(sentUntil) - total(sentBefore);
  const rates = Object.keys(second).flatMap((name) => {
    const grown = Number(second[name]) - Number(first[name]);
    if (!COUNTERS.test(name) || GAUGES.test(name) || !Number.isFinite(grown)) return [];
    const others = name === 'total_commands_processed' ? grown - ours : grown;
    return [[name, Math.max(0, others) / seconds] as const];
  });
  return Object.fromEntries(rates);
}

const total = (sent: Sent): number => [...sent.values()].reduce((sum, count) => sum + count, 0);

/** `db0_distrib_strings_sizes:1=1,8=3,1K=5` in Redis 8 and later. */
export function histogramsOf(info: Info): readonly SizeHistogram[] | undefined {
  const found = Object.entries(info).flatMap(([field, value]): SizeHistogram[] => {
    const [, db, type = '', unit] = /^db(\d+)_distrib_([a-z]+?)s?_(sizes|items)$/.exec(field) ?? [];
    if (db === undefined) return [];
    return [
      {
        db: Number(db),
        type: TYPES[type] ?? type,
        unit: unit === 'sizes' ? 'bytes' : 'elements',
        bins: binsOf(value),
      },
    ];
  });
  return found.length === 0 ? undefined : found;
}

/** The `s` of the plural goes for all but one. */
const TYPES: Readonly<Record<string, string>> = { hashe: 'hash' };

const binsOf = (value: string) =>
  value.split(',').flatMap((bin) => {
    const [, digits, unit = '', keys] = /^(\d+)([KMGTPE]?)=(\d+)$/.exec(bin) ?? [];
    return digits === undefined
      ? []
      : [{ from: Number(digits) * 1024 ** ('KMGTPE'.indexOf(unit || ' ') + 1), keys: Number(keys) }];
  });

/** Databases that hold keys, out of `db0:keys=3,expires=0,avg_ttl=0`. */
export function databasesOf(info: Info): readonly { readonly db: number; readonly keys: number }[] {
  return Object.entries(info).flatMap(([name, value]) => {
    const db = /^db(\d+)$/.exec(name)?.[1];
    return db === undefined ? [] : [{ db: Number(db), keys: fieldOf(value, 'keys') }];
  });
}
