import type { Directive, SentinelModel, StackNode } from '../model/types.ts';
import type { Problem } from '../problem.ts';
import type { Decisions } from '../spec/defaults.ts';
import type { StackSpec, Topology, TopologyKind } from '../spec/types.ts';

/** `spec.topology` as written, before the settings of its kind are completed. */
export interface TopologySettings {
  readonly kind: TopologyKind;
  readonly replicas?: number | undefined;
  readonly sentinels?: number | undefined;
  readonly quorum?: number | undefined;
  readonly shards?: number | undefined;
}

export type Setting = Exclude<keyof TopologySettings, 'kind'>;

/** A question about size that belongs to one topology. */
export interface SizeQuestion {
  readonly setting: Setting;
  readonly message: string;
  readonly choices: readonly { readonly value: number; readonly meaning: string }[];
}

/** What a topology adds to the questions and to the model; one folder each, and one line in the registry. */
export interface TopologyDefinition {
  readonly kind: TopologyKind;
  readonly title: string;
  readonly meaning: string;
  readonly settings: readonly Setting[];
  readonly sizeQuestions: readonly SizeQuestion[];
  readonly complete: (given: TopologySettings, decisions: Decisions) => Topology;
  /** Problems with the numbers of this topology alone. */
  readonly problems: (spec: StackSpec) => readonly Problem[];
  readonly nodes: (spec: StackSpec) => readonly StackNode[];
  readonly directives: (spec: StackSpec) => readonly Directive[];
  readonly sentinel: (spec: StackSpec) => SentinelModel | undefined;
  /** True where the nodes must be joined once after their first start. */
  readonly joins: boolean;
  /** Roles that a client is pointed at first. */
  readonly clientEntry: (node: StackNode) => boolean;
}
