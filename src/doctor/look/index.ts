/** Gathers what rules look at from servers that run. */
export { examine } from './examine.ts';
export type { ExamineOptions, PlacedNode, Target } from './types.ts';
