import type { EngineName } from '../engines/types.ts';
import { PATTERN_FACTS } from '../targets/client/patterns.ts';

export const WORKLOADS = ['cache', 'sessions', 'rate-limiting', 'queue', 'primary-data'] as const;
export const TOPOLOGY_KINDS = ['standalone', 'sentinel', 'cluster'] as const;
export const PERSISTENCE_MODES = ['none', 'rdb', 'aof', 'hybrid'] as const;
export const APPENDFSYNC = ['everysec', 'always', 'no'] as const;
export const CLIENT_LIBRARIES = ['node-redis', 'ioredis'] as const;
/** Every pattern of the client, in the order of lists. */
export const PATTERNS = Object.keys(PATTERN_FACTS) as readonly Pattern[];
export const OPTIONAL_TARGETS = ['compose', 'helm', 'client', 'ci', 'monitoring'] as const;
/** What is written where nobody says: monitoring asks for containers and images of its own, or goes into those of others. */
export const DEFAULT_TARGETS = ['compose', 'client', 'ci'] as const;
export const USER_ACCESS = ['readwrite', 'readonly'] as const;
/** Commands that no application has unless it is asked for: they stall or empty the server, or show its passwords. */
export const ALLOWANCES = ['keys', 'flushdb', 'flushall', 'config', 'debug'] as const;

export type Workload = (typeof WORKLOADS)[number];
export type TopologyKind = (typeof TOPOLOGY_KINDS)[number];
export type PersistenceMode = (typeof PERSISTENCE_MODES)[number];
export type AppendFsync = (typeof APPENDFSYNC)[number];
export type Pattern = keyof typeof PATTERN_FACTS;
export type ClientLibrary = (typeof CLIENT_LIBRARIES)[number];
export type Allowance = (typeof ALLOWANCES)[number];
export type OptionalTarget = (typeof OPTIONAL_TARGETS)[number];

export interface StandaloneTopology {
  readonly kind: 'standalone';
}

export interface SentinelTopology {
  readonly kind: 'sentinel';
  /** Replicas of the one primary. */
  readonly replicas: number;
  /** Sentinel processes, an odd number. */
  readonly sentinels: number;
  /** Sentinels that must agree before a failover may start. */
  readonly quorum: number;
}

export interface ClusterTopology {
  readonly kind: 'cluster';
  /** Primaries, each with its share of the 16384 slots. */
  readonly shards: number;
  /** Replicas per primary. */
  readonly replicas: number;
}

export type Topology = StandaloneTopology | SentinelTopology | ClusterTopology;

export interface ExtraUser {
  readonly name: string;
  readonly access: (typeof USER_ACCESS)[number];
  /** Key patterns as in an ACL rule, without the tilde. */
  readonly keys: readonly string[];
  /** Commands that it has beside those of its access. */
  readonly allow?: readonly Allowance[];
}

/** A job that copies the data away. */
export interface BackupSpec {
  /** Time between two backups, such as `24h`. */
  readonly every: string;
  /** Backups that are kept. */
  readonly keep: number;
  /** `folder`, or `s3://bucket/prefix`. */
  readonly to: string;
  /** URL of a store other than Amazon's that speaks S3; empty otherwise. */
  readonly endpoint: string;
  /** Empty where it does not matter. */
  readonly region: string;
}

/** What the user chose: complete, valid, and the very shape of `redis-stack.yaml`. */
export interface StackSpec {
  readonly name: string;
  readonly engine: { readonly name: EngineName; readonly version: string };
  readonly workload: readonly Workload[];
  readonly topology: Topology;
  /** `limit` is the memory limit of one container; `maxmemory` is a size or `auto`. Sizes as written, such as `1Gi`. */
  readonly memory: { readonly limit: string; readonly maxmemory: string; readonly eviction: string };
  readonly persistence: { readonly mode: PersistenceMode; readonly appendfsync: AppendFsync };
  readonly databases: number;
  /** Absent where nothing is backed up by itself. */
  readonly backup?: BackupSpec;
  readonly security: {
    readonly tls: boolean;
    readonly users: readonly ExtraUser[];
    /** Commands that the user `app` has beside the usual ones. */
    readonly allow?: readonly Allowance[];
  };
  /** `port` is that of the first data node; the others follow from it. `subnet` is the Compose network, a /24. */
  readonly network: { readonly port: number; readonly subnet: string };
  /** `library` is what the client speaks to Redis with. */
  readonly client: { readonly library: ClientLibrary; readonly patterns: readonly Pattern[] };
  readonly targets: readonly OptionalTarget[];
  /** Codes of refused combinations that the user has decided to live with. */
  readonly accept: readonly string[];
}

/** A value that the user did not give, and why it is what it is. */
export interface Decision {
  readonly path: string;
  readonly value: unknown;
  readonly why: string;
}
