import type { StackModel } from '../../model/types.ts';
import type { NodeFacts, SourceFacts } from './facts.ts';

/** What the servers cannot say. */
export interface Surroundings {
  /** How the stack that is to be runs. */
  readonly ground: 'native' | 'compose';
  /** Memory that this machine has to give; undefined where servers run elsewhere or nobody can tell. */
  readonly freeMemoryBytes?: number | undefined;
  /** Free bytes where the data of the new nodes will lie. */
  readonly freeDiskBytes?: number | undefined;
  /** Modules that the new nodes load, by name. */
  readonly modules?: readonly string[];
  /** True where the data comes from a server that is not of this stack: `--from`. */
  readonly foreign?: boolean;
  /** Whether that server is spoken to over TLS. */
  readonly foreignTls?: boolean;
  /** What will be done, where that is other than `routeOf` says. */
  readonly route?: Route;
}

/** What rules judge. `before` is undefined where the data comes from a foreign server. */
export interface Case {
  readonly facts: SourceFacts;
  readonly before: StackModel | undefined;
  readonly after: StackModel;
  readonly more: Surroundings;
  readonly route: Route;
  readonly totals: Totals;
  readonly estimate: Estimate;
}

/** Sums over the primaries of a source. */
export interface Totals {
  readonly primaries: readonly NodeFacts[];
  readonly keys: number;
  readonly usedBytes: number;
  readonly datasetBytes: number;
  /** Of the busiest primary. */
  readonly writtenBytesPerSecond: number;
}

/** From about `low` to about `high`. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** How long parts of a migration take on a machine like the one that the rates were measured on. */
export interface Estimate {
  /** Until the first new primary holds all data. */
  readonly copySeconds: Span;
  /** Until the other new nodes are filled. */
  readonly growSeconds: Span;
  /** Until the slots have moved. */
  readonly slotsSeconds: Span;
  /** How long writes wait at the switch. */
  readonly pauseMs: Span;
}

/** What a migration does with data, in numbers. */
export interface Route {
  /** New primaries that begin as a copy of the data: 0 where servers keep theirs, else 1. */
  readonly copies: number;
  /** Replicas that are new, each with a copy of its shard. */
  readonly newReplicas: number;
  /** Primaries that are new. */
  readonly newPrimaries: number;
  /** Slots that get another owner, of 16384. */
  readonly slots: number;
  /** True where the engine moves whole slots at once, instead of key by key. */
  readonly atomicSlots: boolean;
  /** Primaries of the stack that is to be. */
  readonly shards: number;
  /** Nodes that stay and begin anew with another engine or release, on the files that they have. */
  readonly restarts: number;
  /** Primaries that hand over to a new server. */
  readonly switches: number;
}

/** A reason not to begin, or one to think twice. The code of its problem is `migrate/<id>`. */
export interface Finding {
  readonly level: 'stops' | 'warns';
  readonly id: string;
  /** A node, a spec path or a command. */
  readonly at: string;
  readonly message: string;
  readonly remedy: string;
}

/** One reason, looked for by itself. */
export type Rule = (given: Case) => readonly Finding[];

const finding =
  (level: Finding['level']) =>
  (id: string, at: string, message: string, remedy: string): Finding => ({ level, id, at, message, remedy });

export const stops = finding('stops');
export const warns = finding('warns');
