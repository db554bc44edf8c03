export { type AddOptions, addNode } from './add.ts';
export { type MoveOptions, moveSlots } from './move.ts';
export { planSlots, type Wanted } from './plan.ts';
export { SLOTS, sizeOf, slotsOf, toRanges } from './ranges.ts';
export { type RemoveOptions, removeNode } from './remove.ts';
export type {
  Cluster,
  ClusterMember,
  MoveResult,
  Progress,
  ShardWish,
  SlotMove,
  SlotRange,
  Stall,
  Way,
} from './types.ts';
export { expectWhole, type Verdict, verifyCluster } from './verify.ts';
