import type { Severity } from '../problem.ts';
import type { Facts } from './facts.ts';

export const GROUPS = ['patterns', 'keys', 'memory', 'topology', 'durability', 'security'] as const;
export type Group = (typeof GROUPS)[number];

/** Something that would mend a finding. */
export type Fix =
  | {
      readonly kind: 'command';
      /** The node it is for, by its name in the facts. */
      readonly at: string;
      readonly words: readonly string[];
      /** True where it may be given to a server that serves: nothing is lost, nothing stalls, and it can be taken back. */
      readonly live: boolean;
      readonly effect: string;
    }
  | {
      readonly kind: 'spec';
      readonly path: string;
      readonly value: string;
      readonly effect: string;
    };

/** What a rule has found. */
export interface Found {
  /** The least severe that is true; a rule's own where left out. */
  readonly severity?: Severity;
  /** A node by its name, a key, a user, a spec path. */
  readonly at: string;
  /** One sentence with the figures that matter. */
  readonly message: string;
  /** What was seen, in the server's own terms: `maxmemory:0`, `cmdstat_keys:calls=12`. */
  readonly evidence: readonly string[];
  /** What to do, one or two sentences. */
  readonly remedy: string;
  readonly fixes?: readonly Fix[];
  /** Bytes over all servers that the change would free, with half the width of its 95 % interval; 0 where all was looked at. */
  readonly saves?: { readonly bytes: number; readonly plusMinus: number };
}

export interface Finding extends Found {
  readonly id: string;
  readonly group: Group;
  readonly severity: Severity;
  readonly fixes: readonly Fix[];
}

/** One thing that can be wrong. Pure: the same facts give the same findings. */
export interface Rule {
  /** Kebab-case, unique, public. */
  readonly id: string;
  readonly group: Group;
  /**
   * The worst that it gives. `error`: data or service is being lost, or anybody can take it. `warning`: it will be, or it costs
   * much. `note`: worth knowing; never makes the exit code 1.
   */
  readonly severity: Severity;
  /** A noun phrase: `Keys without a TTL in a cache`. */
  readonly title: string;
  /** The facts, in the server's terms. */
  readonly looksAt: readonly string[];
  readonly why: string;
  readonly fix: string;
  /** Addresses of pages that say so. */
  readonly sources: readonly string[];
  readonly find: (facts: Facts) => readonly Found[];
}

/** One point of the list to go through before going live. */
export interface ChecklistItem {
  readonly id: string;
  readonly question: string;
  readonly why: string;
  readonly answer: (facts: Facts) => {
    readonly answer: 'yes' | 'no' | 'unseen';
    readonly evidence: readonly string[];
  };
}

export interface Answer {
  readonly id: string;
  readonly question: string;
  readonly answer: 'yes' | 'no' | 'unseen';
  readonly evidence: readonly string[];
}

/** What the doctor says. */
export interface Diagnosis {
  readonly facts: Facts;
  readonly checklist: readonly Answer[];
  /** Worst first. */
  readonly findings: readonly Finding[];
}
