import type { Address, StackModel } from '../model/types.ts';
import type { Unseen } from '../redis/ask.ts';
import type { ClusterLine } from '../redis/cluster-nodes.ts';
import type { KeySample } from './key-facts.ts';

export type { BigKey, KeyGroup, KeySample, Saving, SizeHistogram } from './key-facts.ts';

/** Fields of INFO as the server names them. */
export type Info = Readonly<Record<string, string>>;

/** What a server is. A fork that calls itself neither Redis nor Valkey is `other`. */
export interface Software {
  readonly name: 'redis' | 'valkey' | 'other';
  readonly title: string;
  /** Full version, `8.0.2`. */
  readonly version: string;
}

/** One command as INFO commandstats and latencystats count it, in lower case: `get`, `config|get`. */
export interface CommandFacts {
  readonly name: string;
  /** Since the server started or its statistics were reset. Questions of this look are not in it. */
  readonly calls: number;
  readonly usec: number;
  readonly rejected: number;
  readonly failed: number;
  /** During the look; undefined where there was one look only. */
  readonly perSecond: number | undefined;
  readonly p99Usec: number | undefined;
}

/** An entry of the slow log. Of the words only the command and its first argument are kept, cut to 60 characters. */
export interface SlowCommand {
  readonly command: string;
  readonly first: string | undefined;
  readonly usec: number;
  /** Seconds since 1970. */
  readonly atSeconds: number;
  readonly client: string;
}

/** An entry of LATENCY LATEST. */
export interface LatencyEvent {
  readonly event: string;
  readonly atSeconds: number;
  readonly latestMs: number;
  readonly worstMs: number;
}

/** Clients that log in as the same user from the same host under the same name with the same library. */
export interface ClientGroup {
  readonly user: string;
  readonly host: string;
  readonly name: string;
  readonly library: string;
  readonly count: number;
}

/** A client that waits for an answer to a blocking call. */
export interface BlockedClient {
  readonly user: string;
  readonly name: string;
  readonly host: string;
  readonly command: string;
  /** Seconds since it has called. */
  readonly idleSeconds: number;
}

/** Clients without replicas, Sentinels and this tool. */
export interface ClientFacts {
  readonly connected: number;
  readonly subscribed: number;
  readonly groups: readonly ClientGroup[];
  readonly blocked: readonly BlockedClient[];
  /** Of the client that holds most. */
  readonly largestOutputBytes: number;
}

/** A user as ACL LIST tells it. Passwords are judged where they are read, and nothing of them is kept. */
export interface UserFacts {
  readonly name: string;
  readonly on: boolean;
  readonly nopass: boolean;
  readonly passwords: number;
  /** One of its passwords is empty, its own name, or on the list of those that everybody tries first. */
  readonly weak: boolean;
  /** Others that have a password in common with it. */
  readonly sharedWith: readonly string[];
  /** Command rules as the server prints them: `+@all -@dangerous`. */
  readonly commands: string;
  /** `~*`, `%R~cache:*`. */
  readonly keys: readonly string[];
  readonly channels: readonly string[];
}

/** One line of CLUSTER NODES. */
export interface ClusterNode extends Omit<ClusterLine, 'epoch' | 'ranges'> {
  /** How many it serves. */
  readonly slots: number;
}

/** CLUSTER INFO and CLUSTER NODES as this node sees them. */
export interface ClusterFacts {
  readonly info: Info;
  readonly nodes: readonly ClusterNode[];
}

/** What the server cannot know of its place; only for a stack of ours on this machine. */
export interface MachineFacts {
  /** Container limit, or memory of the machine where there is none. */
  readonly limitBytes: number | undefined;
  readonly limitIs: 'container' | 'machine';
}

export interface NodeFacts {
  readonly at: Address;
  /** `shop-1 (127.0.0.1:7000)`, or the address alone. */
  readonly name: string;
  readonly role: 'primary' | 'replica' | undefined;
  readonly tls: boolean;
  readonly software: Software | undefined;
  /** INFO everything with modules, at the end of the look. */
  readonly info: Info | undefined;
  /** Growth of counters of INFO during the look, by their names. */
  readonly perSecond: Readonly<Record<string, number>> | undefined;
  /** CONFIG GET *; values of secrets are `***` where they are set. Of a spec: the directives of the model. */
  readonly settings: Readonly<Record<string, string>> | undefined;
  readonly commands: readonly CommandFacts[] | undefined;
  readonly slow: readonly SlowCommand[] | undefined;
  readonly latency: readonly LatencyEvent[] | undefined;
  readonly clients: ClientFacts | undefined;
  readonly users: readonly UserFacts[] | undefined;
  readonly cluster: ClusterFacts | undefined;
  readonly modules: readonly string[] | undefined;
  readonly keys: KeySample | undefined;
  readonly machine: MachineFacts | undefined;
}

/** What one Sentinel says of one primary. */
export interface SentinelFacts {
  readonly at: Address;
  readonly name: string;
  readonly tls: boolean;
  readonly software: Software | undefined;
  readonly primaryName: string;
  readonly primary: Address;
  readonly flags: readonly string[];
  readonly quorum: number;
  readonly quorumOk: boolean | undefined;
  readonly downAfterMs: number;
  readonly replicas: readonly { readonly at: Address; readonly flags: readonly string[] }[];
  readonly others: readonly {
    readonly at: Address;
    readonly flags: readonly string[];
    /** Since it last answered. */
    readonly lastOkMs: number;
  }[];
  /** True where it answers without a login. */
  readonly open?: boolean | undefined;
}

/** Everything that rules may look at. Plain data but for the model. */
export interface Facts {
  /** `spec`: nothing runs, these are the decisions of the model. */
  readonly source: 'servers' | 'spec';
  /** The node or Sentinel that was asked first, as the user wrote it; the folder of a stack. */
  readonly asked: string;
  readonly nodes: readonly NodeFacts[];
  readonly sentinels: readonly SentinelFacts[];
  /** Of a stack of ours: what its servers should be. */
  readonly model: StackModel | undefined;
  readonly unseen: readonly Unseen[];
  /** Known nodes and Sentinels that did not answer. */
  readonly silent: readonly { readonly at: string; readonly why: string }[];
  /** Seconds since 1970 at the look. */
  readonly atSeconds: number;
  /** Commands that the look sent, over all nodes. */
  readonly commandsSent: number;
}
