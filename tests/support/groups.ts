export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export { type ClusterNode, clusterNodes } from './cluster-view.ts';
export {
  type Group,
  type Healing,
  info,
  type Replicated,
  type ReplicatedOptions,
  startReplicated,
} from './replicated.ts';
export { type SentinelGroup, type SentinelGroupOptions, startSentinelGroup } from './sentinel-group.ts';
