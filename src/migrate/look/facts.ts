import type { EngineName } from '../../engines/types.ts';
import type { Address } from '../../model/types.ts';
import type { Unseen } from '../../redis/ask.ts';

/** One numbered database that holds keys. */
export interface DatabaseFacts {
  readonly db: number;
  readonly keys: number;
  /** Keys with a TTL. */
  readonly expires: number;
  /** Hashes with fields that expire by themselves, where the engine counts them. */
  readonly expiringFields: number | undefined;
}

export interface MemoryFacts {
  readonly usedBytes: number;
  /** Without what the server needs for itself. */
  readonly datasetBytes: number;
  /** 0 for no limit. */
  readonly maxmemoryBytes: number | undefined;
  readonly policy: string | undefined;
  /** Of the machine or container that the server sees. */
  readonly systemBytes: number | undefined;
  /** Keys that were evicted since the server started, and during the look. */
  readonly evicted: number;
  readonly evictedPerSecond: number;
}

/** One replica as its primary sees it. */
export interface FollowerFacts {
  readonly at: string;
  readonly state: string;
  /** Bytes that it has not yet confirmed. */
  readonly behindBytes: number;
  /** Seconds since it was last heard of. */
  readonly lagSeconds: number;
}

/** `client-output-buffer-limit` of the class `replica`; 0 for no limit. */
export interface BufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface ReplicationFacts {
  readonly role: 'primary' | 'replica';
  /** Whom a replica follows. */
  readonly follows: Address | undefined;
  readonly linkUp: boolean;
  readonly offset: number;
  readonly backlogBytes: number | undefined;
  readonly followers: readonly FollowerFacts[];
  readonly bufferLimit: BufferLimit | undefined;
  readonly minReplicasToWrite: number | undefined;
}

/** Rates over the time between two looks, `seconds` long. */
export interface LoadFacts {
  readonly seconds: number;
  readonly commandsPerSecond: number;
  /** Growth of the replication stream; where nothing replicates yet, all that clients send, which is more. */
  readonly writtenBytesPerSecond: number;
  /** False where nothing replicates yet, so that the rate is an upper bound. */
  readonly exact: boolean;
}

export interface PersistenceFacts {
  readonly loading: boolean;
  readonly saving: boolean;
  readonly rewriting: boolean;
  readonly lastSave: string;
  readonly lastRewrite: string;
  readonly lastLogWrite: string;
  readonly logEnabled: boolean;
  /** Of the append only files. */
  readonly logBytes: number | undefined;
  /** Whether snapshots are made by themselves. */
  readonly snapshots: boolean | undefined;
}

/** Clients that log in as the same user under the same name with the same library. */
export interface ClientGroup {
  readonly user: string;
  readonly name: string;
  readonly library: string;
  readonly count: number;
}

export interface ClientFacts {
  /** Without replicas and this tool. */
  readonly connected: number;
  readonly blocked: number;
  readonly subscribed: number;
  readonly watching: number;
  readonly groups: readonly ClientGroup[] | undefined;
}

export interface ClusterFacts {
  readonly state: string;
  /** Slots that are served, of 16384. */
  readonly slotsOk: number;
  readonly knownNodes: number;
  readonly shards: number;
  /** This node's own slots that are on the move, as in `1234->-<id>`. */
  readonly openSlots: readonly string[];
}

/** The largest of some keys, which is not the largest of all. */
export interface BigKeyFacts {
  readonly bytes: number;
  readonly looked: number;
}

/** Commands that a migration needs on its source; undefined where nobody may say. */
export type Rights = Readonly<Record<NeededCommand, boolean | undefined>>;

export const NEEDED_COMMANDS = [
  'psync',
  'replconf',
  'client|pause',
  'client|unpause',
  'client|kill',
  'config|set',
] as const;
export type NeededCommand = (typeof NEEDED_COMMANDS)[number];

/** What one data node says of itself; undefined for what it would not say, with the reason in `SourceFacts.unseen`. */
export interface NodeFacts {
  readonly at: Address;
  readonly engine: EngineName | undefined;
  /** Full version, `8.0.2`. */
  readonly version: string | undefined;
  readonly memory: MemoryFacts | undefined;
  readonly databases: readonly DatabaseFacts[] | undefined;
  readonly replication: ReplicationFacts | undefined;
  readonly load: LoadFacts | undefined;
  readonly persistence: PersistenceFacts | undefined;
  readonly clients: ClientFacts | undefined;
  /** Calls of each command since the server started or its statistics were reset; names as the server writes them. */
  readonly calls: Readonly<Record<string, number>> | undefined;
  readonly functionLibraries: number | undefined;
  readonly modules: readonly string[] | undefined;
  /** Undefined as well for a server without cluster mode. */
  readonly cluster: ClusterFacts | undefined;
  readonly bigKey: BigKeyFacts | undefined;
  readonly rights: Rights;
}

/** What is known of the servers before a migration begins. Plain data, fit for JSON. */
export interface SourceFacts {
  readonly nodes: readonly NodeFacts[];
  readonly unseen: readonly Unseen[];
  /** Nodes that did not answer at all. */
  readonly silent: readonly { readonly at: string; readonly why: string }[];
}
