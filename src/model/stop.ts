import type { StackSpec } from '../spec/types.ts';
import { MIB } from './bytes.ts';

/** What a planned stop may take, in seconds. */
export interface StopModel {
  /** How long a primary may take to hand over; 0 where nobody replicates it. */
  readonly handoverSeconds: number;
  /** How long a stopping node gets to hand over, to let replicas catch up, and to save. */
  readonly graceSeconds: number;
}

/** Sentinel asks replicas every ten seconds and promotes none that it has not seen in step; twice that and a failover. */
const HANDOVER_SECONDS = 25;

/** `shutdown-timeout` in redis.conf. */
const CATCH_UP_SECONDS = 10;

/** Bytes a second that a slow disk takes of a snapshot. */
const SAVED_PER_SECOND = 50 * MIB;

const LEAST_GRACE_SECONDS = 60;

/** A container is killed after its grace period, whatever it was doing: so it must hold all of it, the last save included. */
export function stopModel(spec: StackSpec, maxmemoryBytes: number, replicated: boolean): StopModel {
  const handoverSeconds = replicated ? HANDOVER_SECONDS : 0;
  const snapshots = spec.persistence.mode === 'rdb' || spec.persistence.mode === 'hybrid';
  const save = snapshots ? Math.ceil(maxmemoryBytes / SAVED_PER_SECOND) : 0;
  return {
    handoverSeconds,
    graceSeconds: Math.max(LEAST_GRACE_SECONDS, handoverSeconds + CATCH_UP_SECONDS + save + 5),
  };
}
