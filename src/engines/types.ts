export type EngineName = 'redis' | 'valkey';

export type DirectiveKind = 'boolean' | 'integer' | 'memory' | 'enum' | 'string' | 'special';

/** When a change takes effect: by CONFIG SET, or only when the server starts. */
export type Effect = 'live' | 'restart';

/** [name, kind, effect, Redis lines, Valkey lines, enum values] */
export type DirectiveRow = readonly [
  name: string,
  kind: DirectiveKind,
  effect: Effect,
  redis: string,
  valkey: string,
  values?: readonly string[],
];

export interface DirectiveFacts {
  readonly name: string;
  readonly kind: DirectiveKind;
  readonly effect: Effect;
  readonly values: readonly string[];
}

/** An engine and the release line in use, for instance Valkey 8.1. */
export interface Engine {
  readonly name: EngineName;
  readonly title: string;
  readonly version: string;
  /** The official image, with the release line as its tag. */
  readonly image: string;
  readonly server: string;
  readonly cli: string;
  readonly licence: string;
  /** False when the line is newer or older than those this tool has facts about. */
  readonly known: boolean;
}
