import type { Rule } from '../../types.ts';
import { clientBuffers } from './client-buffers.ts';
import { evicting } from './evicting.ts';
import { forkHeadroom } from './fork-headroom.ts';
import { fragmentation } from './fragmentation.ts';
import { hashEncoding } from './hash-encoding.ts';
import { integerStrings } from './integer-strings.ts';
import { listEncoding } from './list-encoding.ts';
import { longKeyNames } from './long-key-names.ts';
import { memoryNearLimit } from './memory-near-limit.ts';
import { noMemoryLimit } from './no-memory-limit.ts';
import { outsideSample } from './outside-sample.ts';
import { replicationBacklog } from './replication-backlog.ts';
import { setEncoding } from './set-encoding.ts';
import { slowFork } from './slow-fork.ts';
import { smallStrings } from './small-strings.ts';
import { swapped } from './swapped.ts';
import { zsetEncoding } from './zset-encoding.ts';

/** A new rule is one file and one entry. */
export const MEMORY: readonly Rule[] = [
  memoryNearLimit,
  noMemoryLimit,
  evicting,
  swapped,
  forkHeadroom,
  slowFork,
  fragmentation,
  clientBuffers,
  replicationBacklog,
  outsideSample,
  hashEncoding,
  setEncoding,
  zsetEncoding,
  listEncoding,
  integerStrings,
  longKeyNames,
  smallStrings,
];
