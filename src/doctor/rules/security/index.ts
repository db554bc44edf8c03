import type { Rule } from '../../types.ts';

/** A new rule is one file and one entry. */
export const SECURITY: readonly Rule[] = [];
