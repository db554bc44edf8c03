/** What a migration must know before it begins: facts of the servers, what stands in its way, how long it may take. */
export { neededBuffer } from './buffers.ts';
export { estimate, inWords } from './estimate.ts';
export type { NodeFacts, SourceFacts } from './facts.ts';
export { asProblem, obstacles } from './obstacles.ts';
export { otherTools } from './other-tools.ts';
export { routeOf, totalsOf } from './route.ts';
export { freeHere } from './surroundings.ts';
export { survey } from './survey.ts';
export type { Estimate, Finding, Route, Surroundings } from './types.ts';
