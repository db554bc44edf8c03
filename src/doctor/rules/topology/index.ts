import type { Rule } from '../../types.ts';
import { differentSettings } from './different-settings.ts';
import { differsFromModel } from './differs-from-model.ts';
import { failoverTimeout } from './failover-timeout.ts';
import { fullCopies } from './full-copies.ts';
import { laggingReplica } from './lagging-replica.ts';
import { minReplicas } from './min-replicas.ts';
import { mixedVersions } from './mixed-versions.ts';
import { noCandidate } from './no-candidate.ts';
import { noPrimary } from './no-primary.ts';
import { replicaLinkDown } from './replica-link-down.ts';
import { replicaOfReplica } from './replica-of-replica.ts';
import { sameHost } from './same-host.ts';
import { shardWithoutReplica } from './shard-without-replica.ts';
import { slotsOpen } from './slots-open.ts';
import { slotsUnbalanced } from './slots-unbalanced.ts';
import { slotsUncovered } from './slots-uncovered.ts';
import { staleClusterNodes } from './stale-cluster-nodes.ts';
import { staleReplicas } from './stale-replicas.ts';
import { staleSentinels } from './stale-sentinels.ts';
import { tooFewNodes } from './too-few-nodes.ts';
import { twoPrimaries } from './two-primaries.ts';
import { unreachableAddresses } from './unreachable-addresses.ts';
import { viewsDiffer } from './views-differ.ts';
import { writableReplica } from './writable-replica.ts';
import { wrongQuorum } from './wrong-quorum.ts';

/** A new rule is one file and one entry. */
export const TOPOLOGY: readonly Rule[] = [
  noPrimary,
  twoPrimaries,
  slotsUncovered,
  replicaLinkDown,
  minReplicas,
  staleSentinels,
  staleReplicas,
  wrongQuorum,
  failoverTimeout,
  laggingReplica,
  fullCopies,
  shardWithoutReplica,
  noCandidate,
  tooFewNodes,
  slotsOpen,
  slotsUnbalanced,
  viewsDiffer,
  staleClusterNodes,
  unreachableAddresses,
  sameHost,
  writableReplica,
  replicaOfReplica,
  mixedVersions,
  differentSettings,
  differsFromModel,
];
