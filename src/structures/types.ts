import type { EngineName } from '../engines/types.ts';
import type { Pattern } from '../spec/types.ts';

/** One command and what it costs; N is the number of elements, M of results or arguments. */
export interface CommandCost {
  /** `ZRANGE key start stop REV`. */
  readonly words: string;
  readonly cost: string;
  readonly does: string;
}

/** How the server keeps a structure in memory, and until when. */
export interface Encoding {
  /** As OBJECT ENCODING names it. */
  readonly name: string;
  /** Up to which size, with the setting that says so. */
  readonly until: string;
  /** Only in these releases; in all where left out. */
  readonly since?: Readonly<Partial<Record<EngineName, string>>>;
}

/** Something that servers have from some release on, or with a module. */
export type Feature =
  | 'field-ttl'
  | 'json'
  | 'bloom'
  | 'top-k'
  | 'time-series'
  | 'search'
  | 'vector-set'
  | 'sharded-pubsub';

/** A data type of Redis, or what is kept in one. */
export interface Structure {
  readonly id: StructureId;
  /** `sorted set`. */
  readonly title: string;
  /** One sentence. */
  readonly is: string;
  readonly commands: readonly CommandCost[];
  readonly encodings: readonly Encoding[];
  readonly avoid: readonly string[];
  readonly requires?: Feature;
}

export type StructureId =
  | 'string'
  | 'bitmap'
  | 'hyperloglog'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'geo'
  | 'stream'
  | 'pubsub'
  | 'json'
  | 'bloom-filter'
  | 'top-k'
  | 'time-series'
  | 'vector-set'
  | 'search-index';

/** How elements are written to see what they take. */
export type SampleKind =
  | 'string-keys'
  | 'counter-keys'
  | 'hash-keys'
  | 'hash-fields'
  | 'hash-counters'
  | 'list-items'
  | 'set-members'
  | 'scored-members'
  | 'named-members'
  | 'places'
  | 'stream-entries'
  | 'bits'
  | 'sketch'
  | 'queue-items'
  | 'logged-values';

export interface Sample {
  readonly kind: SampleKind;
  /** What one element is in the report: `value`, `member`, `field`. */
  readonly element: string;
  /** Size of an element where the use decides it. */
  readonly bytes?: number;
  /** Keys that always have a lifetime. */
  readonly expires?: boolean;
}

export type Purpose = keyof typeof import('./purposes.ts').PURPOSES;
export type Access = keyof typeof import('./purposes.ts').ACCESSES;
export type Order = keyof typeof import('./purposes.ts').ORDERS;
/** What ends by itself: nothing, all of it at once, or each element in its own time. */
export type Expiry = 'never' | 'whole' | 'element';

/** A way to use a structure for something. */
export interface Use {
  readonly id: string;
  readonly structure: StructureId;
  readonly title: string;
  /** What it is for: 1 where it is the first choice, 2 and 3 where it is a second one. */
  readonly serves: Readonly<Partial<Record<Purpose, 1 | 2 | 3>>>;
  readonly access: readonly Access[];
  readonly order: readonly Order[];
  /** Whether an element can be in it once only; undefined where the question does not arise. */
  readonly unique?: boolean;
  readonly expires: readonly Expiry[];
  /** Elements for which it makes sense. */
  readonly elements?: { readonly from?: number; readonly to?: number };
  /** Largest element for which it makes sense. */
  readonly mostBytes?: number;
  /** Why it does what is wanted: one sentence. */
  readonly why: string;
  /** What it gives and costs against other ways: one sentence. */
  readonly trade: string;
  /** Beside those of the structure. */
  readonly avoid: readonly string[];
  /** Commands that it is made of; those of the structure where left out. */
  readonly commands?: readonly CommandCost[];
  /** The pattern of the emitted client that does it. */
  readonly pattern?: Pattern;
  /** Patterns that go well with it. */
  readonly beside?: readonly Pattern[];
  readonly requires?: Feature;
  readonly sample?: Sample;
}

/** What is wanted. Every answer may be left out. */
export interface Need {
  readonly purpose: Purpose | undefined;
  readonly access: Access | undefined;
  readonly order: Order | undefined;
  readonly unique: boolean | undefined;
  readonly expires: Expiry | undefined;
  readonly elements: number | undefined;
  /** Of one element. */
  readonly bytes: number | undefined;
}

/** The server that it is for, as far as it is known. */
export interface Ground {
  readonly name: EngineName;
  readonly title: string;
  /** Release line. */
  readonly version: string;
  /** What a server that was asked really has; undefined where none was. */
  readonly has: ReadonlySet<Feature> | undefined;
}

/** One way, and how well it fits. */
export interface Advice {
  readonly use: Use;
  readonly structure: Structure;
  readonly score: number;
  /** Which answers speak for it, and which against. */
  readonly for: readonly string[];
  readonly against: readonly string[];
  /** Why this server cannot do it; undefined where it can. */
  readonly unavailable: string | undefined;
}
