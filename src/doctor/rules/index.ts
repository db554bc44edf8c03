import type { Rule } from '../types.ts';
import { DURABILITY } from './durability/index.ts';
import { KEYS } from './keys/index.ts';
import { MEMORY } from './memory/index.ts';
import { PATTERNS } from './patterns/index.ts';
import { SECURITY } from './security/index.ts';
import { TOPOLOGY } from './topology/index.ts';

/** Every rule, in the order of reports of one severity. */
export const RULES: readonly Rule[] = [
  ...PATTERNS,
  ...KEYS,
  ...MEMORY,
  ...TOPOLOGY,
  ...DURABILITY,
  ...SECURITY,
];
