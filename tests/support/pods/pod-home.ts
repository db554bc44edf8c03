import type { Engine } from './engine.ts';
import type { FilesOf } from './env.ts';
import type { Network } from './network.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Volumes } from './volumes.ts';

/** What pods share: the place they live in. */
export interface Home {
  readonly engine: Engine;
  readonly network: Network;
  readonly volumes: Volumes;
  readonly name: string;
  readonly resolvConf: string;
  readonly files: FilesOf;
  links(): ReadonlyMap<string, string>;
  whenDone(name: string, done: (code: number) => void): void;
  changed(): void;
}

export interface KillOptions {
  readonly awayMs?: number;
  readonly silent?: boolean;
}

/** A pod to be made by its owner. */
export interface PodOrder {
  readonly name: string;
  readonly spec: PodSpec;
  /** Tells pods of one template from those of another. */
  readonly revision: string;
  readonly claimOf?: (name: string) => string;
}
