import type { Rule } from '../../types.ts';
import { CLIENT_BUFFERS } from './client-buffers.ts';
import { EVICTING } from './evicting.ts';
import { FORK_HEADROOM } from './fork-headroom.ts';
import { FRAGMENTATION } from './fragmentation.ts';
import { HASH_ENCODING } from './hash-encoding.ts';
import { INTEGER_STRINGS } from './integer-strings.ts';
import { LIST_ENCODING } from './list-encoding.ts';
import { LONG_KEY_NAMES } from './long-key-names.ts';
import { MEMORY_NEAR_LIMIT } from './memory-near-limit.ts';
import { NO_MEMORY_LIMIT } from './no-memory-limit.ts';
import { OUTSIDE_SAMPLE } from './outside-sample.ts';
import { REPLICATION_BACKLOG } from './replication-backlog.ts';
import { SET_ENCODING } from './set-encoding.ts';
import { SLOW_FORK } from './slow-fork.ts';
import { SMALL_STRINGS } from './small-strings.ts';
import { SWAPPED } from './swapped.ts';
import { ZSET_ENCODING } from './zset-encoding.ts';

/** A new rule is one file and one entry. */
export const MEMORY: readonly Rule[] = [
  MEMORY_NEAR_LIMIT,
  NO_MEMORY_LIMIT,
  EVICTING,
  SWAPPED,
  FORK_HEADROOM,
  SLOW_FORK,
  FRAGMENTATION,
  CLIENT_BUFFERS,
  REPLICATION_BACKLOG,
  OUTSIDE_SAMPLE,
  HASH_ENCODING,
  SET_ENCODING,
  ZSET_ENCODING,
  LIST_ENCODING,
  INTEGER_STRINGS,
  LONG_KEY_NAMES,
  SMALL_STRINGS,
];
