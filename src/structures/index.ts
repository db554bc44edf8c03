export { adviseStructure } from './advise.ts';
export { type Answers, parseCount, parseNeed } from './answers.ts';
export { BEHIND, importLine } from './behind.ts';
export { STRUCTURES, structure } from './facts/index.ts';
export { ACCESSES, EXPIRIES, ORDERS, PURPOSES } from './purposes.ts';
export type { Advice, Feature, Ground, Need, Purpose, Sample, Structure, Use } from './types.ts';
export { USES } from './uses/index.ts';
