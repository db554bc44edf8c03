import { credentialsOf } from '../local/credentials.ts';
import { findRunning } from '../local/running.ts';
import {
  asProblem,
  type Estimate,
  estimate,
  type Finding,
  freeHere,
  obstacles,
  otherTools,
  routeOf,
  survey,
  totalsOf,
} from '../migrate/look/index.ts';
import type { Ground } from '../migrate/types.ts';
import { dataNodes } from '../model/build.ts';
import type { Address, StackModel } from '../model/types.ts';
import { isError, type Problem } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import type { System } from '../system.ts';

/** What was seen before anything is done. */
export interface Look {
  readonly keys: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
  /** Those that stand in the way. */
  readonly stops: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly estimate: Estimate;
  /** Steps for tools that copy between machines; empty where they are not needed. */
  readonly otherTools: readonly string[];
}

export interface Looking {
  readonly root: string;
  readonly before: StackModel | undefined;
  readonly after: StackModel;
  readonly kind: Ground['kind'];
  /** A server that is not of this stack. */
  readonly foreign?: { readonly at: Address; readonly credentials: Credentials };
}

/** Asks the servers that hold the data, and judges what they say. Changes nothing. */
export async function lookBefore(
  system: System,
  { root, before, after, kind, foreign }: Looking,
): Promise<Look> {
  const nodes = foreign ? [foreign.at] : await addressesOf(system, root, before ?? after);
  const credentials = foreign?.credentials ?? credentialsOf(system.files, root, 'admin', before ?? after);
  const facts = await survey(nodes, credentials);
  const room = kind === 'native' ? freeHere(root) : {};
  const more = foreign ? { foreign: true, foreignTls: credentials.tls !== undefined } : {};
  const findings = obstacles(facts, before, after, { ground: kind, ...room, ...more });
  const problems = findings.map(asProblem);
  const { keys, usedBytes } = totalsOf(facts);
  const tooLarge = findings.some(({ id }) => id === 'memory-of-machine');
  const side = (model: StackModel, at: Address) =>
    ({
      at,
      kind: model.joins ? 'cluster' : model.sentinel ? 'sentinel' : 'standalone',
      user: 'admin',
      tls: model.spec.security.tls,
    }) as const;
  const [first] = nodes;
  const [target] = after.nodes;
  return {
    keys,
    bytes: usedBytes,
    findings,
    stops: problems.filter(isError),
    warnings: problems.filter((one) => !isError(one)),
    estimate: estimate(facts, routeOf(before, after)),
    otherTools:
      (tooLarge || (foreign && !/^(127\.|localhost$|::1$)/.test(foreign.at.host))) && first && target
        ? otherTools(facts, side(before ?? after, first), side(after, { host: target.ip, port: target.port }))
        : [],
  };
}

async function addressesOf(system: System, root: string, model: StackModel): Promise<readonly Address[]> {
  const running = await findRunning(system, root, model);
  return dataNodes(running?.placed.nodes ?? []).map(({ ip: host, port }) => ({ host, port }));
}
