import type { StackModel, StackNode } from '../../model/types.ts';
import type { NodeStatus, Observed } from '../observe.ts';
import type { DrillStack } from './network.ts';

/** What an application may lose in a scenario, and why. */
export type Promised =
  /** Every acknowledged write is there afterwards. */
  | { readonly loses: 'nothing'; readonly why: string }
  /**
   * Writes acknowledged in the last milliseconds before the blow may be gone, earlier ones not; with `atReturn` also those
   * that the node itself acknowledges as it comes back.
   */
  | { readonly loses: 'recent'; readonly withinMs: number; readonly atReturn: boolean; readonly why: string }
  /** Nothing is promised. */
  | { readonly loses: 'anything'; readonly why: string };

/** What a promise and the choice of scenarios depend on. */
export interface Circumstances {
  readonly model: StackModel;
  /** Whether nodes can be taken off the network of the stack. */
  readonly cuts: boolean;
  /** Replicas that each write of the drill waits for; 0 for none. */
  readonly waitReplicas: number;
}

/** What a scenario works with. Whatever it does to a node is in the journal before it is done. */
export interface Strike {
  readonly stack: DrillStack;
  readonly model: StackModel;
  /** What all nodes say of themselves now. */
  readonly look: () => Promise<Observed>;
  /** The node that has this role now; with `shard`, in that shard. Rejects where there is none. */
  readonly find: (role: NodeStatus['role'], shard?: number) => Promise<StackNode>;
  /** Waits for an answer other than undefined or false; rejects when time is up or the drill is stopped. */
  readonly until: <T>(what: string, ask: () => Promise<T | undefined | false>) => Promise<T>;
  readonly rest: (ms: number) => Promise<void>;
  readonly say: (text: string) => void;
  /** Notes that what was taken away is being given back: the time until the stack is ready counts from here. */
  readonly givingBack: () => void;
  /** Recreates every container at once, or natively ends all nodes and starts them again. */
  readonly recreate: () => Promise<void>;
}

/** A failure that a stack should survive. */
export interface Scenario {
  /** As in `--only`. */
  readonly id: string;
  readonly title: string;
  /** What it does, as a sentence without its subject. */
  readonly does: string;
  /** Why this stack has no such failure to practise, or undefined where it has. */
  readonly lacks: (of: Circumstances) => string | undefined;
  readonly promised: (of: Circumstances) => Promised;
  /** Within how many milliseconds after everything was given back the stack is ready; `undefined`: the time limit of the drill. */
  readonly readyWithinMs?: number;
  readonly strike: (on: Strike) => Promise<void>;
}

/** One row of the table. */
export interface ScenarioResult {
  readonly scenario: string;
  /** The longest time in which the application got no answer, in the shard that was worst off. */
  readonly writeGapMs: number;
  readonly readGapMs: number;
  readonly acknowledged: number;
  readonly lost: number;
  /** Of the lost ones, the longest time between the answer and the blow; negative: acknowledged after it. */
  readonly oldestLostMs?: number;
  /** Writes that the client gave up. They were never acknowledged, so they are not lost. */
  readonly givenUp: number;
  /** From the moment everything was given back until every node is up, linked and counted on. */
  readonly readyMs: number;
  readonly kept: boolean;
  readonly promised: Promised;
  /** What was broken, and what to know about the figures. */
  readonly notes: readonly string[];
}
