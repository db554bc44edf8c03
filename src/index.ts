/** The pipeline as a library: answers → spec → model → files → plan. */
export { buildModel } from './model/build.ts';
export type { StackModel, StackNode } from './model/types.ts';
export { applyStack, type Generated, generate, planStack } from './pipeline.ts';
export type { Change, Plan } from './plan/types.ts';
export type { Problem, Result } from './problem.ts';
export { parseSpec } from './spec/parse.ts';
export type { SpecInput } from './spec/schema.ts';
export type { StackSpec } from './spec/types.ts';
export { realFiles } from './system.ts';
export type { RenderedFile, Target } from './targets/types.ts';
