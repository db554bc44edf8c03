import type { ChecklistItem } from '../types.ts';

/** What to be sure of before going live, in this order. */
export const CHECKLIST: readonly ChecklistItem[] = [];
