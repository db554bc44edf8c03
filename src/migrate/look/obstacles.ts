import type { StackModel } from '../../model/types.ts';
import { type Problem, problem, warning } from '../../problem.ts';
import { estimate } from './estimate.ts';
import type { SourceFacts } from './facts.ts';
import { routeOf, totalsOf } from './route.ts';
import { databasesChosen, databasesFit, functionsCome, keysAreSmall, keysInOneSlot } from './rules/keys.ts';
import {
  dataFits,
  diskHasRoom,
  firstHoldsAll,
  lastHoldsAll,
  machineHasMemory,
  sourceEvicts,
} from './rules/memory.ts';
import { filesReadable, modulesThere, releaseReads, restartKeepsData } from './rules/release.ts';
import { bufferHolds, replicasInStep, sourceIsOne, sourceIsPrimary, sourceTls } from './rules/replication.ts';
import { clientsReconnect, clusterWhole, persistenceWorks, serversReady } from './rules/servers.ts';
import { commandsAllowed, nodesAnswer, somethingHidden } from './rules/sight.ts';
import { minReplicas, sameEncryption, sameName } from './rules/stack.ts';
import type { Finding, Rule, Surroundings } from './types.ts';

/** Every reason that is looked for, in the order of reports. A new one is one entry. */
export const RULES: readonly Rule[] = [
  nodesAnswer,
  sameName,
  sameEncryption,
  releaseReads,
  filesReadable,
  restartKeepsData,
  modulesThere,
  commandsAllowed,
  sourceIsPrimary,
  sourceIsOne,
  sourceTls,
  clusterWhole,
  serversReady,
  persistenceWorks,
  replicasInStep,
  minReplicas,
  databasesFit,
  dataFits,
  firstHoldsAll,
  lastHoldsAll,
  machineHasMemory,
  diskHasRoom,
  sourceEvicts,
  bufferHolds,
  databasesChosen,
  keysInOneSlot,
  keysAreSmall,
  functionsCome,
  clientsReconnect,
  somethingHidden,
];

/** What stands against a migration, what stops it first. `before` is undefined where the data comes from elsewhere. */
export function obstacles(
  facts: SourceFacts,
  before: StackModel | undefined,
  after: StackModel,
  more: Surroundings,
): readonly Finding[] {
  const route = more.route ?? routeOf(before, after);
  const given = {
    facts,
    before,
    after,
    more,
    route,
    totals: totalsOf(facts),
    estimate: estimate(facts, route),
  };
  const found = RULES.flatMap((rule) => rule(given));
  return [
    ...found.filter(({ level }) => level === 'stops'),
    ...found.filter(({ level }) => level === 'warns'),
  ];
}

/** A finding as the command line shows it; what stops is an error. */
export function asProblem({ level, id, at, message, remedy }: Finding): Problem {
  return (level === 'stops' ? problem : warning)(`migrate/${id}`, at, message, remedy);
}
