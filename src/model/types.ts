import type { Engine } from '../engines/types.ts';
import type { StackSpec } from '../spec/types.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type NodeRole = 'primary' | 'replica' | 'sentinel';

/** One server process of the stack. Roles are those at the first start; afterwards the servers decide. */
export interface StackNode {
  /** Also its host name inside the Compose network. */
  readonly name: string;
  readonly role: NodeRole;
  /** Which share of the data it holds, from 1; 0 for a Sentinel. */
  readonly shard: number;
  /** The address it announces to its peers. */
  readonly ip: string;
  readonly port: number;
  /** Cluster bus port. */
  readonly busPort?: number;
  /** The name it announces to clients, where clients are redirected by name. */
  readonly hostname?: string;
  /** Name of the node that it replicates at the first start. */
  readonly follows?: string;
}

/** A server directive, decided, with the reason that stands above it in the file. */
export interface Directive {
  readonly section: string;
  readonly name: string;
  readonly args: readonly string[];
  readonly why: string;
}

/** One line of the memory arithmetic. */
export interface MemoryPart {
  readonly label: string;
  readonly bytes: number;
}

export interface MemoryModel {
  readonly limitBytes: number;
  readonly maxmemoryBytes: number;
  readonly backlogBytes: number;
  /** What the limit is made of; adds up to `limitBytes`. */
  readonly parts: readonly MemoryPart[];
  /** The least limit at which this maxmemory fits without any fork. */
  readonly floorBytes: number;
}

/** An ACL user. `rules` lack the password, which is added when a node starts. */
export interface AclUser {
  readonly name: string;
  readonly rules: readonly string[];
  readonly why: string;
  /** Environment variable in `.env` that holds its password; its file in `.secrets/` is named after the user. */
  readonly passwordEnv: string;
}

/** How a client reaches the stack from one side of the Compose network. */
export interface ClientView {
  readonly addresses: readonly Address[];
  /** Announced `name:port` to the address to dial instead. */
  readonly addressMap: Readonly<Record<string, Address>>;
}

export interface ClientModel {
  readonly host: ClientView;
  readonly network: ClientView;
  /** Which `connect.<variant>.ts` the client gets. */
  readonly variant: string;
}

export interface SentinelModel {
  readonly primaryName: string;
  readonly quorum: number;
  readonly directives: readonly Directive[];
  readonly users: readonly AclUser[];
}

/** How often data is copied away, how many copies stay, and where they go. */
export interface BackupModel {
  /** True where a job makes them; without it they are made by hand, with the same numbers. */
  readonly scheduled: boolean;
  readonly everySeconds: number;
  /** Sets that are kept, in the folder and in the bucket. */
  readonly keep: number;
  readonly bucket: BucketModel | undefined;
}

/** A place in a store that speaks S3. */
export interface BucketModel {
  readonly name: string;
  /** Without slashes at its ends; empty for the bucket itself. */
  readonly prefix: string;
  /** URL of a store other than Amazon's; empty for that. */
  readonly endpoint: string;
  readonly region: string;
}

/** Every number decided. After it nobody asks which topology this is: loop over nodes and look at roles. */
export interface StackModel {
  readonly spec: StackSpec;
  readonly engine: Engine;
  readonly memory: MemoryModel;
  readonly nodes: readonly StackNode[];
  /** Directives that all data nodes share. */
  readonly directives: readonly Directive[];
  readonly users: readonly AclUser[];
  readonly sentinel: SentinelModel | undefined;
  /** True where nodes find each other by slots and must be joined once. */
  readonly joins: boolean;
  readonly client: ClientModel;
  readonly persistent: boolean;
  readonly backup: BackupModel;
  /** Seconds that a stopping primary may take to hand over; 0 where it has no replicas. */
  readonly handoverSeconds: number;
  /** Seconds that a stopping node gets to hand over, save and leave. */
  readonly stopGraceSeconds: number;
}
