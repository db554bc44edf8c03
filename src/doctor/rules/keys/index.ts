import type { Rule } from '../../types.ts';
import { expiredKeysPileUp } from './expired-keys-pile-up.ts';
import { hotKeys } from './hot-keys.ts';
import { largeKeys } from './large-keys.ts';
import { largeObjects } from './large-objects.ts';
import { listsAsSets } from './lists-as-sets.ts';
import { noTtlInACache } from './no-ttl-in-a-cache.ts';
import { singleElementCollections } from './single-element-collections.ts';
import { wholeValueRewrites } from './whole-value-rewrites.ts';

/** A new rule is one file and one entry. */
export const KEYS: readonly Rule[] = [
  largeKeys,
  largeObjects,
  hotKeys,
  noTtlInACache,
  expiredKeysPileUp,
  listsAsSets,
  wholeValueRewrites,
  singleElementCollections,
];
